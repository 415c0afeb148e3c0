"""The strict base of all settings, and the reading of a TOML file into it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from indistack.errors import SettingsError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

PointPx = Annotated[list[float], Field(min_length=2, max_length=2)]
"""x and y in a picture."""


class Settings(BaseModel):
    """Base of every settings table: frozen, strict, no unknown key, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    def own(self, kind: type[M]) -> M:
        """Return the table that was mounted here by an entry of the slot; `kind` is its class."""
        return next(table for _, table in self if isinstance(table, kind))


def mount(model: type[Settings], tables: Mapping[str, type[Settings]]) -> None:
    """Give a slot's settings a table for each of its entries that has settings of its own.

    Called once, where the slot's entries have been imported: what is composed of `model` later knows the tables.

    Raises
    ------
    ValueError
        An entry is called as one of the slot's own settings.
    """
    for name, table in tables.items():
        if name in model.model_fields:
            raise ValueError(f"{model.__name__}: {name!r} is a setting already")
        model.__pydantic_fields__[name] = FieldInfo(annotation=table, default=table())
    model.model_rebuild(force=True)


def built(entry: type[T], slot: Settings) -> T:
    """Return an instance of a slot's entry: with its own settings out of the slot's, where it has any."""
    own: type[Settings] | None = getattr(entry, "settings", None)
    return entry() if own is None else entry(slot.own(own))  # type: ignore[call-arg]


def load(model: type[M], path: Path | None, overrides: Iterable[str] = ()) -> M:
    """Read a TOML file, apply ``key=value`` overrides, validate.

    Parameters
    ----------
    model : type
        The settings class to build.
    path : Path or None
        The TOML file; None for defaults.
    overrides : iterable of str
        ``"stack.method=mean"``; the value is TOML where it can be read as such, else text.

    Raises
    ------
    SettingsError
        All faults at once, each with its setting's dotted name.
    """
    values = {} if path is None else _read(path)
    for override in overrides:
        _set(values, override)
    return validate(model, values)


def words_to_values(words: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` words; see `load`."""
    values: dict[str, Any] = {}
    for word in words:
        _set(values, word)
    return values


def validate(model: type[M], values: Mapping[str, Any]) -> M:
    """Build `model` from plain values; raise `SettingsError` with every fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError([_fault(item) for item in error.errors()]) from None


def _fault(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"]) or "settings"
    return f"{name} = {item['input']!r}: {item['msg']}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: not TOML: {error}"]) from error


def _set(values: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals or not name.strip():
        raise SettingsError([f"{override!r}: expected key=value"])
    *tables, key = name.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise SettingsError([f"{name}: {table} is no table"])
    values[key] = read_value(text.strip())


def read_value(text: str) -> Any:
    """Read a value as TOML where that is possible, else as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
