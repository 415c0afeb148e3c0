"""Names of the files of single subs in a session's folder, for those who load nothing else of it."""

from __future__ import annotations

import re
from pathlib import Path

SUBS = "subs"
"""Folder with the raw subs."""

PREVIEWS = "previews"
"""Folder with a small picture of each."""

GROWTH = "growth"
"""Folder with small pictures of the stack as it grew, each named after the number of its subs."""


def sub_name(number: int) -> str:
    """Return how the files of a raw sub begin, before their suffix."""
    return f"{number:06d}"


def preview_name(number: int) -> str:
    """Return the name of the small picture of a sub."""
    return f"{number:06d}.jpg"


def growth_number(path: Path) -> int:
    """Return how many subs a picture of the growing stack shows, 0 if it is none."""
    found = re.fullmatch(r"0*(\d+)\.jpg", path.name)
    return int(found[1]) if found is not None else 0
