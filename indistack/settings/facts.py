"""A setting as plain facts: its kind, unit, bounds, choices, for those who make a control of it."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from indistack.settings.description import describe
from indistack.settings.faults import walk
from indistack.settings.model import may_be_off
from indistack.settings.wanted import bounds, choices, unit_of

KINDS: dict[object, str] = {bool: "switch", int: "whole", float: "number", str: "text"}


def facts_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Return what is known of a setting, given its dotted name: plain values.

    Returns
    -------
    dict
        ``kind``: number, whole, switch, choice, text or words; ``unit``; ``least``, ``most``: None where there is no
        bound; ``open_least``, ``open_most``: the bound itself is not allowed; ``choices``; ``may_be_off``;
        ``default``; ``wanted``, ``meaning``: in words.
    """
    field = next(field for names, field in walk(model) if ".".join(names) == name)
    table, _, last = name.rpartition(".")
    tables = (each for each in describe(model) if each.name == table)
    told = next(one for each in tables for one in each.settings if one.name == last)
    plain, metadata = _plain(field.annotation, field.metadata)
    words = [str(word) for word in choices(field)]
    limits = bounds(metadata)
    return {
        "kind": "choice" if words else "words" if get_origin(plain) is list else KINDS[plain],
        "unit": unit_of(last),
        "least": limits.get(Gt, limits.get(Ge)),
        "most": limits.get(Lt, limits.get(Le)),
        "open_least": Gt in limits,
        "open_most": Lt in limits,
        "choices": words,
        "may_be_off": may_be_off(field),
        "default": _default(field),
        "wanted": told.wanted,
        "meaning": told.meaning.replace("``", ""),
    }


def _plain(annotation: Any, metadata: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """Return a setting's type without what annotates it, and that."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _plain(parts[0], [*metadata, *parts[1:]])
    if get_origin(annotation) in (Union, types.UnionType):
        return _plain(next(part for part in parts if part is not type(None)), metadata)
    return annotation, metadata


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)
