"""The search beside the stack: bounded, stoppable, twice at most, and nothing is left of it."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from indistack.errors import SolveError
from indistack.solve import SkyFinder, SolveSettings, background, find_program
from indistack.solve.program import run
from tests.unit.solve.fakes import ASTROMETRY_NET, field_of, install, path_with

SLEEPER = "import subprocess\nsubprocess.run(['sleep', '100'])\n"
"""A program whose child does the work, as that of astrometry.net does."""


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", path_with(tmp_path))
    monkeypatch.setattr(background, "find_program", find_program)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def commands_of(folder: Path) -> list[str]:
    """Return the commands of all processes that work in a folder or below."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(process.joinpath("cwd").readlink()).startswith(str(folder)):
                found.append(process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def counting(programs: Path, answer: str) -> Callable[[], list[str]]:
    """Install a program that notes its words; return what gives the notes."""
    note = "import sys, pathlib\n"
    note += f"with open({str(programs / 'calls')!r}, 'a') as file: file.write(' '.join(sys.argv[1:]) + chr(10))\n"
    install(programs, "solve-field", note + answer)
    return lambda: (programs / "calls").read_text().splitlines() if (programs / "calls").exists() else []


def test_a_program_that_takes_too_long_is_ended_with_its_children(
    programs: Path, wait_until: Callable[..., None]
) -> None:
    command = install(programs, "slow", SLEEPER)
    with pytest.raises(SolveError, match="too long"):
        run([str(command)], programs, 0.5, threading.Event())
    wait_until(lambda: commands_of(programs) == [], 60)


def test_stopping_ends_it_at_once(programs: Path, wait_until: Callable[..., None]) -> None:
    install(programs, "solve-field", SLEEPER)
    finder = SkyFinder(SolveSettings())
    finder.begin(field_of())
    wait_until(lambda: any("sleep 100" in command for command in commands_of(programs)), what="the child works")
    begin_s = time.monotonic()
    finder.stop()
    assert time.monotonic() - begin_s < 5
    wait_until(lambda: commands_of(programs) == [], 60)
    assert not list(programs.glob("indistack-solve-*"))


def test_it_works_with_the_lowest_priority(programs: Path) -> None:
    command = install(
        programs, "nice-one", f"import os\nopen({str(programs / 'nice')!r}, 'w').write(str(os.nice(0)))\n"
    )
    run([str(command)], programs, 10, threading.Event())
    assert (programs / "nice").read_text() == "19"


def test_should_we_be_killed_the_system_ends_it(programs: Path) -> None:
    look = "import os\nfrom pathlib import Path\n"
    look += f"Path({str(programs / 'parent')!r}).write_bytes(Path(f'/proc/{{os.getppid()}}/cmdline').read_bytes())\n"
    run([str(install(programs, "look", look))], programs, 10, threading.Event())
    assert (programs / "parent").read_text().split("\0")[:4] == ["timeout", "-k", "5", "15"]


def test_the_second_attempt_does_not_believe_the_mount(programs: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    calls = counting(programs, "")
    finder = SkyFinder(SolveSettings())
    finder.begin(field_of())
    assert finder.result(30) is None
    assert ["--ra" in call for call in calls()] == [True, False]
    assert all("--scale-low" in call for call in calls())
    assert caplog.text.count("no field of its catalogue fits") == 2


def test_one_attempt_where_the_mount_says_nothing(programs: Path) -> None:
    calls = counting(programs, "")
    finder = SkyFinder(SolveSettings())
    finder.begin(replace(field_of(), centre_deg=None))
    assert finder.result(30) is None
    assert len(calls()) == 1


def test_further_words_for_the_program(programs: Path) -> None:
    calls = counting(programs, "")
    finder = SkyFinder(SolveSettings(arguments=("--index-dir", "/data/index")))
    finder.begin(replace(field_of(), centre_deg=None))
    finder.result(30)
    assert calls()[0].endswith("--index-dir /data/index")


def test_the_time_is_the_settings(programs: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    install(programs, "solve-field", SLEEPER)
    finder = SkyFinder(SolveSettings(timeout_s=1.0))
    finder.begin(replace(field_of(), centre_deg=None))
    assert finder.result(20) is None
    assert "it took too long" in caplog.text


def test_a_few_stars_are_not_worth_asking(programs: Path) -> None:
    calls = counting(programs, ASTROMETRY_NET)
    finder = SkyFinder(SolveSettings())
    finder.begin(field_of(7))
    assert finder.result(30) is None
    assert calls() == []


def test_the_latest_field_counts(programs: Path, wait_until: Callable[..., None]) -> None:
    install(programs, "solve-field", SLEEPER)
    finder = SkyFinder(SolveSettings())
    finder.begin(field_of())
    wait_until(lambda: any("sleep 100" in command for command in commands_of(programs)), what="the first is busy")
    install(programs, "solve-field", ASTROMETRY_NET)
    finder.begin(field_of())
    assert finder.result(30) is not None
    assert commands_of(programs) == []
    finder.stop()
    assert finder.result() is None


def test_a_program_that_cannot_be_started(programs: Path) -> None:
    (programs / "tools" / "timeout").unlink()
    with pytest.raises(SolveError, match="No such file"):
        run(["anything"], programs, 1, threading.Event())


def test_a_disk_that_is_full_is_no_bug(
    programs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    counting(programs, "")
    monkeypatch.setattr(tempfile, "tempdir", str(programs / "nowhere"))
    finder = SkyFinder(SolveSettings())
    finder.begin(field_of())
    assert finder.result(30) is None
    assert "No such file or directory" in caplog.text
    assert "a bug" not in caplog.text
