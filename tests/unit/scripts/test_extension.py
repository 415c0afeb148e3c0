"""The extension of Ekos' (KStars 3.7.3 and newer): the files that KStars looks for, and what the program does."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "scripts" / "installation" / "kstars"
NAME = "indistack"

AGENT = """#!/bin/sh
echo $$ "$@" >>"{folder}/started"
echo "the page is at http://127.0.0.1:7777/  http://other:7777/"
exec sleep 60
"""


def test_the_files_are_those_that_kstars_takes() -> None:
    """KStars leaves all extensions out where one program lacks its description, or the other way round."""
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {NAME, f"{NAME}.conf", f"{NAME}.svg"}
    executable = {name for name in names if os.access(FOLDER / name, os.X_OK)}
    assert executable == {NAME}
    assert not any(path.is_symlink() for path in FOLDER.iterdir())


def test_the_description_has_the_fields_that_kstars_reads() -> None:
    lines = dict(line.split("=", 1) for line in (FOLDER / f"{NAME}.conf").read_text().splitlines())
    assert set(lines) == {"minimum_kstars_version", "tooltip"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", lines["minimum_kstars_version"])
    assert lines["minimum_kstars_version"] == "3.7.3"  # the first one with extensions
    assert len(lines["tooltip"]) < 80


class Installed:
    """The extension with an agent that only says that it was started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, folder / "a stack"
        (folder / "bin").mkdir()
        program = folder / "bin" / "indistack"
        program.write_text(AGENT.format(folder=folder))
        browser = folder / "bin" / "xdg-open"
        browser.write_text(f'#!/bin/sh\necho "$1" >>"{folder}/opened"\n')
        self._extension = folder / NAME
        self._extension.write_text((FOLDER / NAME).read_text().replace("@PREFIX@", str(folder)))
        for path in (program, browser, self._extension):
            path.chmod(0o755)

    def run(self) -> str:
        environment = os.environ | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "INDISTACK_OUTPUT": str(self.output),
        }
        done = subprocess.run(
            [self._extension, "3.7.5"], env=environment, stdout=subprocess.PIPE, text=True, timeout=120, check=True
        )
        return done.stdout

    def told(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    (folder := tmp_path / "a place").mkdir()
    return Installed(folder)


def test_it_starts_an_agent_that_stays_and_opens_its_page(
    installed: Installed, wait_until: Callable[..., None]
) -> None:
    said = installed.run()
    assert said.splitlines() == [
        f"Live stacking begins in {installed.output}", "Its page is at http://127.0.0.1:7777/",
    ]  # fmt: skip
    (started,) = installed.told("started")
    agent, words = started.split(" ", 1)
    assert words == f"run --output-dir {installed.output}"
    os.kill(int(agent), 9)  # it is still there
    wait_until(lambda: installed.told("opened") == ["http://127.0.0.1:7777/"], 60)


def test_beside_an_agent_at_work_it_only_opens_the_page(installed: Installed, wait_until: Callable[..., None]) -> None:
    installed.output.mkdir()
    (installed.output / "agent.log").write_text("10:00 the page is at http://127.0.0.1:7681/  http://pi.local:7681/\n")
    held = os.open(installed.output, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert "already" in installed.run()
    finally:
        os.close(held)
    assert installed.told("started") == []
    wait_until(lambda: installed.told("opened") == ["http://127.0.0.1:7681/"], 60)


def test_an_agent_that_ends_at_once_is_told(installed: Installed) -> None:
    (installed.folder / "bin" / "indistack").write_text("#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        installed.run()
    assert "Live stacking has ended: the disk is full" in failed.value.stdout
    assert installed.told("opened") == []
