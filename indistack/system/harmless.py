"""The one place where text from outside is cleaned: what headers, devices, files and folders are called is for reading.

A name may hold what steers a terminal (ANSI escapes), forges a line of a log (newlines), or shows in another order than
it is written (bidirectional overrides). It is cleaned where it enters (headers, INDI) and again where it leaves (log,
terminal, report, status): names of files are needed as they are in between.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


def harmless(text: str) -> str:
    """Return a text of which nothing acts: blanks of any kind become " ", all else that does not print "?"."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)


def harmless_lines(text: str) -> str:
    """Return a text of ours, of which each line may quote others."""
    return "\n".join(map(harmless, text.split("\n")))


def harmless_values(value: Any) -> Any:
    """Return a tree of values as JSON has them, or of dataclasses, of which no text or key acts."""
    if isinstance(value, str):
        return harmless(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {harmless(str(key)): harmless_values(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [harmless_values(each) for each in value]
    return value
