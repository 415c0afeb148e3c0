"""Values as JSON knows them, with their arrays beside, and back again: nothing that is read can run code."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from indistack.values.frame import PixelArray

Arrays = dict[str, PixelArray]

ARRAY = "array"
"""Key of what stands for an array: its name among the others."""


def pack(value: Any, arrays: Arrays) -> Any:
    """Return a value as JSON knows it.

    Parameters
    ----------
    value : object
        A number, text, time, array, or a dataclass, sequence or mapping of such.
    arrays : dict
        Gets the arrays; what is packed refers to them by name. They are not copied.
    """
    if isinstance(value, np.ndarray):
        known = next((name for name, array in arrays.items() if array is value), None)
        name = known or f"{ARRAY}{len(arrays)}"
        arrays[name] = value
        return {ARRAY: name}
    if dataclasses.is_dataclass(value):
        return {field.name: pack(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): pack(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [pack(item, arrays) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value


def unpack(kind: Any, value: Any, arrays: Mapping[str, PixelArray]) -> Any:
    """Return a packed value of a type again, as its annotations tell it.

    Raises
    ------
    KeyError, TypeError, ValueError
        The value is not of that type.
    """
    if isinstance(value, dict) and value.keys() == {ARRAY}:
        return arrays[value[ARRAY]]
    inner = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        wanted = [one for one in inner if one is not types.NoneType]
        return value if value is None or len(wanted) > 1 else unpack(wanted[0], value, arrays)
    if get_origin(kind) is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is ... else inner
        return tuple(unpack(one, item, arrays) for one, item in zip(kinds, value, strict=True))
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: unpack(hints[name], item, arrays) for name, item in value.items()})  # type: ignore[operator]
    return datetime.fromisoformat(value) if kind is datetime else value
