"""Names of targets and filters as parts of the names of files and folders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, count

MAX_TARGET = 40
"""Characters of a target's name that go into a folder's name."""


def session_name(started: datetime, target: str, number: int) -> str:
    """Return a folder name with start time (UTC), target and number: ``20240106-213005_M42_001``."""
    ascii_name = unicodedata.normalize("NFKD", target).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9+-]+", "-", ascii_name).strip("-")[:MAX_TARGET] or "unnamed"
    return f"{started.astimezone(UTC):%Y%m%d-%H%M%S}_{words}_{number:03d}"


def file_words(filter_names: Iterable[str]) -> list[str]:
    """Return the names of filters as parts of file names, no two alike."""
    words: list[str] = []
    for name in filter_names:
        plain = re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "none"
        numbered = (f"{plain}-{number}" for number in count(2))
        taken = {word.lower() for word in words}
        words.append(next(word for word in chain([plain], numbered) if word.lower() not in taken))
    return words
