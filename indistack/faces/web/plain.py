"""Values out of files that anybody may have written, as what they should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from indistack.system.harmless import harmless

MOST_TEXT = 300
PATH = re.compile(r"(?<!\w)/(?:[^/\s:]+/)+")


def text(value: object) -> str:
    """Return what somebody else has written, of bounded length; "" for what is no text."""
    return harmless(value[:MOST_TEXT]) if isinstance(value, str) else ""


def without_folders(told: str) -> str:
    """Return a text, bounded, without the folders of the files that it names: these are nobody's business."""
    return harmless(PATH.sub("", told[:MOST_TEXT]))


def number(value: object) -> float:
    """Return a number that somebody else has written; 0 for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else 0


def table(value: object) -> Mapping[str, Any]:
    """Return a table that somebody else has written; an empty one for what is none."""
    return value if isinstance(value, dict) else {}
