"""What a setting may be told, in words and by an example, out of its type and bounds."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from indistack.registry import Choice
from indistack.settings.model import OFF, Wanted, may_be_off

UNITS = {
    "arcsec_min": "arcsec a minute", "px_min": "pixels a minute", "megapixels": "megapixels", "s": "seconds",
    "px": "pixels", "deg": "degrees", "c": "degrees Celsius", "days": "days", "gb": "GB", "mb": "MB", "adu": "ADU",
}  # fmt: skip
"""End of a setting's name -> its unit."""

PLAIN = {
    bool: ("true or false", "true"), int: ("a whole number", ""), float: ("a number", ""),
    str: ("text, in quotes", '"text"'), Path: ("a file's name, in quotes", '"file.png"'),
    datetime: ("a time", "2026-10-14T17:30:00"),
}  # fmt: skip
"""Type -> what it is in words, and an example of it."""


def wanted(field: FieldInfo, name: str) -> str:
    """Return what a setting may be told: ``"a number above 0, in seconds"``.

    Parameters
    ----------
    field : FieldInfo
        The setting.
    name : str
        Its name: the end tells the unit.
    """
    unit = unit_of(name)
    words = _words(field.annotation, field.metadata) + (f", in {unit}" if unit else "")
    return f'{words}, or "{OFF}"' if may_be_off(field) and field.default is not None else words


def example(field: FieldInfo, name: str) -> str:
    """Return a line that sets it: its default, where that shows something."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    shown = as_toml(default) if default not in (None, "", [], {}, ()) else _example(field.annotation, field.metadata)
    return f"{name} = {shown}"


def choices(field: FieldInfo) -> list[str]:
    """Return the words that a setting chooses from; none where it is told something else."""
    return list(_choices(field.annotation, field.metadata))


def unit_of(name: str) -> str:
    """Return the unit of a setting, "" without any."""
    return next((unit for end, unit in UNITS.items() if name == end or name.endswith(f"_{end}")), "")


def as_toml(value: Any) -> str:
    """Return a value as it is written in a file."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        given = {key: item for key, item in value.items() if item is not None}
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(item)}" for key, item in given.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)  # written alike in JSON and TOML
    return str(value)


def told(annotation: Any, metadata: Sequence[Any]) -> Wanted | None:
    """Return what says expressly what is wanted, None where nothing does."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return told(parts[0], [*parts[1:], *metadata])
    if get_origin(annotation) in (Union, types.UnionType):
        return next(filter(None, (told(part, metadata) for part in parts)), None)
    return next((each for each in metadata if isinstance(each, Wanted)), None)


def _words(annotation: Any, metadata: Sequence[Any]) -> str:
    if expressly := told(annotation, metadata):
        return expressly.text
    if words := list(_choices(annotation, metadata)):
        quoted = [as_toml(word) for word in words]
        return f"one of {', '.join(quoted)}" if len(quoted) > 1 else quoted[0]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(parts[0], [*parts[1:], *metadata])
    if origin in (Union, types.UnionType):
        return " or ".join(_words(part, metadata) for part in parts if part is not type(None))
    if origin in (list, tuple):
        return f"a list, each {_words(parts[0], ())}"
    if origin is dict:
        return f"a table of names, each with {_words(parts[1], ())}"
    return PLAIN.get(annotation, ("a table", ""))[0] + _range(metadata)


def _example(annotation: Any, metadata: Sequence[Any]) -> str:
    if expressly := told(annotation, metadata):
        return expressly.example
    if words := list(_choices(annotation, metadata)):
        return as_toml(words[0])
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _example(parts[0], [*parts[1:], *metadata])
    if origin in (Union, types.UnionType):
        return _example(next(part for part in parts if part is not type(None)), metadata)
    if origin in (list, tuple):
        return f"[{_example(parts[0], ())}]"
    if origin is dict:
        return f'{{"name" = {_example(parts[1], ())}}}'
    return _number(annotation, metadata) if annotation in (int, float) else PLAIN.get(annotation, ("", "{}"))[1]


def _choices(annotation: Any, metadata: Sequence[Any]) -> Iterable[Any]:
    for each in metadata:
        if isinstance(each, Choice):
            return each.names()
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _number(kind: type[int | float], metadata: Sequence[Any]) -> str:
    """Return a number that the bounds allow."""
    limits = bounds(metadata)
    lower, upper = limits.get(Gt, limits.get(Ge, 0.0)), limits.get(Lt, limits.get(Le))
    if kind is int:
        return f"{lower + 1:.0f}"
    return f"{lower + 1.5 if upper is None else (lower + upper) / 2}"


def _range(metadata: Sequence[Any]) -> str:
    """Return the bounds of a number: `` from 0 to 1``."""
    limits = {kind: f"{bound:g}" for kind, bound in bounds(metadata).items()}
    upper = f"below {limits[Lt]}" if Lt in limits else f"up to {limits[Le]}" if Le in limits else ""
    if Gt in limits:
        return f" above {limits[Gt]}{f' and {upper}' if upper else ''}"
    if Ge in limits:
        return f" from {limits[Ge]} {upper}" if upper else f", at least {limits[Ge]}"
    return f" {upper}" if upper else ""


def bounds(metadata: Sequence[Any]) -> dict[type, float]:
    """Return the bounds of a number by their kinds."""
    return {
        kind: float(getattr(each, kind.__name__.lower()))
        for each in metadata
        for kind in (Gt, Ge, Lt, Le)
        if isinstance(each, kind)
    }
