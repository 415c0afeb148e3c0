"""The strict base of all settings, and how a slot's entries bring theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


OFF = "off"


def may_be_off(field: FieldInfo | None) -> bool:
    """Whether a setting may be None."""
    return field is not None and type(None) in get_args(field.annotation)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a setting wants to be told, where its type does not say it: stands among what annotates it.

    Attributes
    ----------
    text : str
        After "wanted is": ``"a colour of a filter"``.
    example : str
        As it stands in a file.
    """

    text: str
    example: str


PointPx = Annotated[
    list[float],
    Field(min_length=2, max_length=2),
    Wanted("a place in the picture, [x, y] in pixels", "[1204.0, 877.5]"),
]
"""x and y in a picture."""


class Settings(BaseModel):
    """Base of every settings table: frozen, strict, no unknown key, no NaN or infinity.

    Where a setting may be None, a person says ``"off"``, as TOML has no word for it.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _off_is_none(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        off = {name for name, value in values.items() if value == OFF and may_be_off(cls.model_fields.get(name))}
        return {name: None if name in off else value for name, value in values.items()}

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
