"""What every setting means, out of the text that stands below it in the source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from indistack.settings.faults import model_of, model_of_each
from indistack.settings.wanted import as_toml, wanted

NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Description:
    """One setting.

    Attributes
    ----------
    name : str
        As ``limit``.
    meaning : str
        One or more sentences; words of the settings stand between double backticks.
    wanted : str
        What it may be told, with unit and range.
    default : str
        As it stands in a file.
    """

    name: str
    meaning: str
    wanted: str
    default: str


@dataclass(frozen=True, slots=True)
class TableDescription:
    """One table: its name, as ``align.centroid``, what it is for, and its settings."""

    name: str
    meaning: str
    settings: tuple[Description, ...]


def describe(model: type[BaseModel], before: str = "") -> Iterator[TableDescription]:
    """Yield every table of settings; those that the user names are called ``NAME``."""
    texts, own, below = _meanings(model), [], []
    for name, field in model.model_fields.items():
        way = f"{before}.{name}".lstrip(".")
        if table := model_of(field.annotation):
            below.append((way, table))
        elif table := model_of_each(field.annotation):
            below.append((f"{way}.NAME", table))
        else:
            own.append(Description(name, texts.get(name, ""), wanted(field, name), _default(field)))
    if own:
        yield TableDescription(before, _first_paragraph(model), tuple(own))
    for way, table in below:
        yield from describe(table, way)


@cache
def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the text below each setting in the source of a model and of those that it builds on."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            (body,) = (node.body for node in ast.parse(inspect.getsource(cls)).body if isinstance(node, ast.ClassDef))
            found |= dict(_texts(body))
    return found


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, below in pairwise(body):
        match node, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def _first_paragraph(model: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return NOT_SET if value is None else as_toml(value)
