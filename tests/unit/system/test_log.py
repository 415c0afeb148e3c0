"""What goes to standard error, and to systemd's journal where that is what it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import logging
from indistack.system import log
log.configure("info")
logging.getLogger("indistack.x").warning("the disk is slow")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("indistack.x").exception("a bug")
"""


def said(path: Path, named: str) -> list[str]:
    """Return what a program says on standard error, which is a file; the journal is said to be `named`."""
    with path.open("wb") as file:
        status = os.fstat(file.fileno())
        journal = named.format(status.st_dev, status.st_ino)
        subprocess.run(
            [sys.executable, "-c", CODE], stderr=file, env=os.environ | {"JOURNAL_STREAM": journal}, check=True
        )
    return path.read_text().splitlines()


def test_the_journal_gets_each_line_with_its_level_and_no_clock(tmp_path: Path) -> None:
    first, second, *trace = said(tmp_path / "log", "{}:{}")
    assert first == "<4>indistack.x: the disk is slow"
    assert second == "<3>indistack.x: a bug"
    assert trace[-1].startswith("<3>ZeroDivisionError")
    assert all(line.startswith("<3>") for line in trace)


def test_others_get_the_clock(tmp_path: Path) -> None:
    first = said(tmp_path / "log", "8:{1}9")[0]
    assert first.endswith(" warning: the disk is slow")
    assert first[2] == first[5] == ":"
