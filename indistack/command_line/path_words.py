"""Names of files and folders as they are typed."""

from __future__ import annotations

import argparse
from pathlib import Path


def file_name(word: str) -> str:
    """Return a name, folder or glob as it was typed; an empty one would mean the folder that one happens to be in."""
    if not word.strip():
        raise argparse.ArgumentTypeError("an empty name, as of a variable that is not set; this folder is called '.'")
    return word


def path_of(word: str) -> Path:
    """Return the path of a name; see `file_name`."""
    return Path(file_name(word))
