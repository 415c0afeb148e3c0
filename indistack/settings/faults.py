"""What is wrong with settings, in words that help: what is wanted, an example, which name was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from indistack.settings.wanted import as_toml, choices, example, told, wanted

SHOWN = 60
"""Characters of a value that are repeated."""

OF_A_NAME = "[key]"
"""What the library adds to the way where a name that the user gives is wrong."""

MEANT = 3
"""Names of other tables that may have been meant, at most."""

LIKE = 0.6
"""How much alike two names must be for one to be meant by the other, on 0..1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    names : tuple of str
        The way to the setting: table, name. Empty where it is about all of them.
    text : str
        A sentence, without the place.
    """

    names: tuple[str, ...]
    text: str


def faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Return every fault once, in the order of the settings."""
    found: dict[tuple[str, ...], Fault] = {}
    for item in error.errors():
        names, field = _way(item["loc"], model)
        found.setdefault(names, Fault(names, _text(item, names, field, model)))
    return list(found.values())


def all_names(model: type[BaseModel]) -> list[str]:
    """Return the names of all settings and tables, as ``drift.limit``."""
    return [".".join(names) for names, _ in walk(model)]


def walk(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Yield every table and setting with the way to it; tables that the user names are called ``NAME``."""
    for name, field in model.model_fields.items():
        yield (*before, name), field
        if (below := model_of(field.annotation)) is not None:
            yield from walk(below, (*before, name))
        elif (each := model_of_each(field.annotation)) is not None:
            yield from walk(each, (*before, name, "NAME"))


def unknown(name: str, model: type[BaseModel]) -> str:
    """Say that there is no setting of that name, and which one was meant."""
    table, _, last = name.rpartition(".")
    names = all_names(model)
    same = [other for other in names if other.rpartition(".")[2] == last and "NAME" not in other]
    beside = [other.rpartition(".")[2] for other in names if _is_table(table, other.rpartition(".")[0])]
    like = [f"{table}.{close}".lstrip(".") for close in get_close_matches(last, beside, 1, LIKE)]
    meant = same[:MEANT] or like or get_close_matches(name, names, 1, LIKE)
    text = "there is no setting of that name"
    return f"{text}; did you mean {' or '.join(meant)}?" if meant else f"{text}; `indistack config` shows all"


def _is_table(name: str, table: str) -> bool:
    """Whether a table's name is that of one of a model's, of which some stand for any name."""
    pairs = zip(name.split("."), table.split("."), strict=False)
    return name.count(".") == table.count(".") and all(theirs in (ours, "NAME") for ours, theirs in pairs)


def _way(loc: Sequence[Any], model: type[BaseModel]) -> tuple[tuple[str, ...], FieldInfo | None]:
    """Return the way to the setting that a fault is about, and the setting; what follows is within its value."""
    names: tuple[str, ...] = ()
    field = None
    here: type[BaseModel] | None = model
    rest = [str(part) for part in loc if part != OF_A_NAME]
    while rest and here is not None:
        names += (rest.pop(0),)
        field = here.model_fields.get(names[-1])
        here = None if field is None else model_of(field.annotation)
        if field is not None and rest and get_origin(field.annotation) is dict:
            names, each = (*names, rest.pop(0)), get_args(field.annotation)[1]
            here, field = model_of(each), FieldInfo(annotation=each)
    return names, None if OF_A_NAME in loc else field


def _text(item: Any, names: Sequence[str], field: FieldInfo | None, model: type[BaseModel]) -> str:
    name = ".".join(names)
    if item["type"] == "extra_forbidden":
        return f"{name}: {unknown(name, model)}"
    value = item["input"]
    whole = isinstance(value, Mapping | BaseModel) or OF_A_NAME in item["loc"]
    shown = name if whole else f"{name} = {_shown(value)}"
    own = item["type"] == "value_error" and (field is None or not _says_it(field))
    if own or field is None:
        reason = str(item.get("ctx", {}).get("error", "this cannot be"))
        return f"{shown}: {reason}" if name else reason
    if model_of(field.annotation) is not None and item["type"] != "value_error":
        return f"{shown}: this is a table, whose settings stand in lines below [{name}]"
    closest = get_close_matches(str(value), [str(word) for word in choices(field)], 1, LIKE)
    meant = f"did you mean {as_toml(closest[0])}? " if closest else ""
    return f"{shown}: {meant}wanted is {wanted(field, names[-1])}; for example {_example(field, names[-1], value)}"


def _example(field: FieldInfo, name: str, value: Any) -> str:
    """Return what might have been written in place of a value."""
    if get_origin(field.annotation) is list and isinstance(value, str):
        return f"{name} = {as_toml([value])}"
    return example(field, name)


def _says_it(field: FieldInfo) -> bool:
    """Whether what is wanted can be said without the words of who has checked it."""
    return bool(choices(field)) or told(field.annotation, field.metadata) is not None


def _shown(value: Any) -> str:
    text = as_toml(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a setting is; None where it is none."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def model_of_each(annotation: Any) -> type[BaseModel] | None:
    """Return the model of each value of a table whose names the user gives."""
    return model_of(get_args(annotation)[1]) if get_origin(annotation) is dict else None
