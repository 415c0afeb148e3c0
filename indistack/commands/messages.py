"""Commands as plain values, as they travel: ``{"command": "remove", "number": 41}``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

from indistack.commands.argument import arguments_of
from indistack.commands.command import ALSO_CALLED, COMMANDS, AlignByBox, Command, Set
from indistack.commands.live import LIVE

WORD = "command"
"""Key of a command's word in a message."""

LEAST_BOX, ROUNDED = 0.01, 1e-6
"""Shares of a picture's side: the smallest box, and how far one may reach out by rounding."""


def parse(said: object) -> Command:
    """Return the command that a message means; raise ValueError, in words for people, where it is none."""
    called = said.get(WORD) if isinstance(said, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(called, str):
        raise ValueError('a command is expected, as {"command": "save"}')
    word = ALSO_CALLED.get(called, called)
    kind = COMMANDS.get(word)
    if kind is None:
        raise ValueError(f"{called!r:.60} is none of {', '.join(COMMANDS)}")
    told = {name: value for name, value in said.items() if name != WORD}
    arguments = {argument.name: argument for argument in arguments_of(kind)}
    if unknown := sorted(map(str, told.keys() - arguments.keys())):
        raise ValueError(f"{word}: {', '.join(unknown)!r:.60} is not asked for")
    for name, argument in arguments.items():
        if name in told:
            argument.check(told[name])
        elif argument.required:
            raise ValueError(f"{word}: {argument.meaning} is expected")
    command = kind(**told)
    if isinstance(command, Set):
        _check_setting(command)
    if isinstance(command, AlignByBox):
        _check_boxes(command)
    return command


def _check_setting(command: Set) -> None:
    if command.name not in LIVE:
        raise ValueError(f"{command.name} does not change while the agent runs; these do: {', '.join(LIVE)}")
    LIVE[command.name].check(command.value)


def _check_boxes(command: AlignByBox) -> None:
    """Refuse a box that no sub can be aligned by: the stack before it would have ended for nothing."""
    sizes = [_size_of(name, getattr(command, name)) for name in ("box", "search") if getattr(command, name)]
    if any(most < size for size, most in zip(sizes[0], sizes[-1], strict=True)):
        raise ValueError(f"search {command.search}: is smaller than the box {command.box} that is searched for in it")


def _size_of(name: str, box: str) -> tuple[float, float]:
    """Return width and height of a box within the picture."""
    left, top, width, height = (float(share) for share in box.split(","))
    if min(width, height) < LEAST_BOX or max(left + width, top + height) > 1 + ROUNDED:
        raise ValueError(
            f"{name} {box}: reaches out of the picture, or is too small: wanted are left, top, width, height"
            f" as shares of it, {LEAST_BOX:g} wide and high at least, as 0.3,0.3,0.2,0.2"
        )
    return width, height


def as_message(command: Command) -> dict[str, Any]:
    """Return a command as plain values; `parse` makes it again."""
    return {WORD: word_of(command), **dataclasses.asdict(command)}


def word_of(command: Command | type[Command]) -> str:
    """Return the word that stands for a command."""
    kind = command if isinstance(command, type) else type(command)
    return next(word for word, each in COMMANDS.items() if each is kind)


def meaning_of(kind: type[Command]) -> str:
    """Return in a sentence, for people, what a command does."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a message."""
    return {"oneOf": [_schema_of(word, kind) for word, kind in COMMANDS.items()]}


def _schema_of(word: str, kind: type[Command]) -> dict[str, Any]:
    arguments = arguments_of(kind)
    properties = {WORD: {"const": word}, **{each.name: each.schema() for each in arguments}}
    if kind is Set:
        properties["name"] = {"enum": list(LIVE), "description": properties["name"]["description"]}
    return {
        "type": "object",
        "title": kind.label,
        "description": meaning_of(kind),
        "properties": properties,
        "required": [WORD, *(each.name for each in arguments if each.required)],
        "additionalProperties": False,
    }
