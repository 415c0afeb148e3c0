"""What the doors in scripts/ do where Debian packages cannot be installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PYTHON = """#!/bin/sh
# A Python that makes environments, if it may, and writes down what pip is told to install.
case "$*" in
  --version) echo "Python 3.11.7" ;;
  *venv*ensurepip*|*import*) [ -e "{root}/may_make" ] || [ "${{0#*/.venv/}}" != "$0" ] ;;
  "-m venv"*) mkdir -p "{root}/.venv/bin" && cp "$0" "{root}/.venv/bin/python"
    echo "{root}/.venv" >"{root}/.venv/bin/activate" ;;
  *pip*) echo "$*" >>"{root}/pip.log" ;;
esac
"""

TOOLS = ("bash", "env", "dirname", "cat", "sha256sum", "flock", "grep", "mkdir", "cp", "sh")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout beside programs that have neither apt nor indiserver, and a Python of our own."""
    root = tmp_path / "a checkout"
    (root / "scripts").mkdir(parents=True)
    for name in ("lib.sh", "demo", "test"):
        shutil.copy(ROOT / "scripts" / name, root / "scripts")
    library = root / "scripts" / "lib.sh"
    library.write_text(library.read_text().replace(" /usr/bin/python3", ""))  # the machine's own
    shutil.copytree(ROOT / "requirements", root / "requirements")
    shutil.copy(ROOT / "pyproject.toml", root)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(shutil.which(name) or name)
    (programs / "python3").write_text(PYTHON.format(root=root))
    (programs / "python3").chmod(0o755)
    return root


def opened(checkout: Path, door: str) -> str:
    """Open a door; return what it says when it has failed."""
    done = subprocess.run(
        [checkout / "scripts" / door], env={"PATH": str(checkout.parent / "bin")}, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("door", ["demo", "test"])
def test_without_rights_for_apt_the_environment_is_made_and_what_remains_is_told(checkout: Path, door: str) -> None:
    (checkout / "may_make").touch()
    said = opened(checkout, door)
    assert (checkout / ".venv" / ".installed-lock").exists()
    assert f"-e {checkout}" in (checkout / "pip.log").read_text()
    assert ".venv is ready" in said
    assert "then" in said
    assert said.endswith("sudo apt-get update && sudo apt-get install indi-bin\n")


def test_what_python_lacks_is_told_together_with_the_rest(checkout: Path) -> None:
    said = opened(checkout, "demo")
    assert ".venv is ready" not in said
    assert said.endswith("sudo apt-get update && sudo apt-get install python3-venv indi-bin\n")
