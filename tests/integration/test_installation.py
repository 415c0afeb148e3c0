"""scripts/install and scripts/uninstall touch nothing that is not theirs; scripts/test-install tries the rest."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
UNIT = SCRIPTS / "installation" / "indistack.service"


@pytest.mark.parametrize("words", [["install", "--no-service"], ["uninstall"]], ids=lambda words: words[0])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "a file").write_text("mine")
    done = subprocess.run(
        [SCRIPTS / words[0], *words[1:], "--prefix", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{tmp_path} " in done.stderr
    assert "no installation of indistack" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


@pytest.mark.parametrize("door", ["install", "uninstall", "setup", "check"])
def test_who_asks_for_help_is_told_and_nothing_is_done(door: str) -> None:
    done = subprocess.run([SCRIPTS / door, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0][0] in "IRMC"  # a sentence
    assert "#" not in done.stdout
    assert ("--prefix DIR" in done.stdout) == ("install" in door)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_right(tmp_path: Path) -> None:
    prefix = tmp_path / "a place"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "indistack").symlink_to("/bin/true")
    unit = tmp_path / UNIT.name
    unit.write_text(
        UNIT.read_text().replace("@PREFIX@", str(prefix)).replace("@USER@", pwd.getpwuid(os.getuid()).pw_name)
    )
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "Special user nobody" not in line]  # who runs the tests may be
    assert (done.returncode, said) == (0, [])
