"""Names of the files of single subs in a session's folder, for those who load nothing else of it."""

from __future__ import annotations

SUBS = "subs"
"""Folder with the raw subs."""

PREVIEWS = "previews"
"""Folder with a small picture of each."""


def sub_name(number: int) -> str:
    """Return how the files of a raw sub begin, before their suffix."""
    return f"{number:06d}"


def preview_name(number: int) -> str:
    """Return the name of the small picture of a sub."""
    return f"{number:06d}.jpg"
