"""Programs of tests' own."""

from __future__ import annotations

import sys
from pathlib import Path


def write_program(path: Path, code: str) -> Path:
    """Write Python code as a program for this interpreter; return its path.

    The kernel ends an interpreter's name at a blank, so the shell starts it, by a line that is a string to Python.
    """
    path.write_text(f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n{code}")
    path.chmod(0o755)
    return path
