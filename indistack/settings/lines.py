"""On which line of a TOML file a setting stands; the standard library's reader does not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLE = re.compile(rf"\s*\[\[?\s*({_NAMES})\s*\]")
_KEY = re.compile(rf"\s*({_NAMES})\s*=")
_MANY_LINES = re.compile(r"\"\"\"|'''")


def line_of(text: str, names: Sequence[str]) -> int | None:
    """Return the number of the line, from 1, that sets what `names` lead to; else its table's; None without any."""
    found = _lines(text)
    ways = (tuple(names[:length]) for length in range(len(names), 0, -1))
    return next((found[way] for way in ways if way in found), None)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    within = False  # a text of many lines, where nothing is a name
    for number, line in enumerate(text.splitlines(), 1):
        if not within and (match := _TABLE.match(line)):
            table = _parts(match[1])
            found.setdefault(table, number)
        elif not within and (match := _KEY.match(line)):
            found.setdefault((*table, *_parts(match[1])), number)
        within ^= len(_MANY_LINES.findall(line)) % 2 == 1
    return found


def _parts(names: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, names))
