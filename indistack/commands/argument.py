"""What a command is told beside its word: kind, limits, meaning for people."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any, Literal

Kind = Literal["number", "text", "table", "value"]

KEY = "argument"
"""Of the metadata of a command's field."""

MAX_LETTERS = 200
"""Of a text, where a command does not say less."""

MAX_DEPTH = 4
"""Of lists and tables in a value."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing that a command is told.

    Attributes
    ----------
    name : str
        Of the command's field.
    kind : str
        ``number``: a whole one; ``text``; ``table``: names, each with a value; ``value``: whatever a setting may be.
    meaning : str
        For people: ``"the number of a sub"``.
    required : bool
        It must be told.
    least : int
        Of a number.
    pattern : str
        That a text matches, "" where any does.
    max_letters : int
        Of a text.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    least: int = 0
    pattern: str = ""
    max_letters: int = MAX_LETTERS

    def check(self, value: object) -> None:
        """Raise ValueError where a command cannot be told that."""
        match self.kind:
            case "number":
                fits = type(value) is int and self.least <= value < 2**53
            case "text":
                fits = isinstance(value, str) and self._is_text(value)
            case "table":
                fits = isinstance(value, Mapping) and all(isinstance(name, str) for name in value) and _is_plain(value)
            case "value":
                fits = _is_plain(value)
        if not fits:
            raise ValueError(f"{self.name}: {self.meaning} is expected, not {value!r:.60}")

    def _is_text(self, value: str) -> bool:
        fits = not self.pattern or re.fullmatch(self.pattern, value) is not None
        return fits and len(value) <= self.max_letters and (value == "" or value.isprintable())

    def schema(self) -> dict[str, Any]:
        """Return it as a JSON schema."""
        told: dict[str, dict[str, Any]] = {
            "number": {"type": "integer", "minimum": self.least},
            "text": {"type": "string", "maxLength": self.max_letters},
            "table": {"type": "object"},
            "value": {},
        }
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {**told[self.kind], **pattern, "description": self.meaning}


def number(meaning: str, least: int) -> Any:
    """Return the field of a command for a whole number."""
    return dataclasses.field(metadata={KEY: Argument("", "number", meaning, least=least)})


def text(meaning: str, pattern: str = "", max_letters: int = MAX_LETTERS, default: str | None = None) -> Any:
    """Return the field of a command for a text; one with a default need not be told."""
    told = Argument("", "text", meaning, default is None, pattern=pattern, max_letters=max_letters)
    return dataclasses.field(default=MISSING if default is None else default, metadata={KEY: told})


def table(meaning: str) -> Any:
    """Return the field of a command for names and values."""
    return dataclasses.field(metadata={KEY: Argument("", "table", meaning)})


def plain(meaning: str) -> Any:
    """Return the field of a command for the value of a setting."""
    return dataclasses.field(metadata={KEY: Argument("", "value", meaning)})


def arguments_of(kind: type) -> tuple[Argument, ...]:
    """Return what a command is told, in order."""
    return tuple(dataclasses.replace(each.metadata[KEY], name=each.name) for each in dataclasses.fields(kind))


def _is_plain(told: object, depth: int = 0) -> bool:
    """Tell whether a value is what TOML and JSON can both say, and not deep."""
    if told is None or isinstance(told, bool | int):
        return True
    if isinstance(told, float):
        return told == told and abs(told) != float("inf")
    if isinstance(told, str):
        return len(told) <= MAX_LETTERS * 10
    if depth >= MAX_DEPTH:
        return False
    if isinstance(told, list | tuple):
        return all(_is_plain(each, depth + 1) for each in told)
    return isinstance(told, Mapping) and all(_is_plain(each, depth + 1) for each in told.values())
