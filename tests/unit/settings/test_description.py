"""What every setting means."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from indistack.config import Config
from indistack.settings import Settings, Wanted, describe, load
from indistack.settings.wanted import example


class Base(Settings):
    first_px: float | None = Field(default=None, gt=0, lt=3)
    """Of
    the base."""


class Inner(Settings):
    """The inner one.

    More.
    """

    word: Annotated[str, Wanted("a word", '"x"')] = "y"
    """Of the inner one."""


class Outer(Base):
    """The outer one."""

    inner: Inner = Inner()
    more: dict[str, Inner] = Field(default_factory=dict)


def test_texts_stand_below_the_settings_and_are_inherited() -> None:
    outer, inner, more = describe(Outer, "outer")
    assert (outer.name, outer.meaning) == ("outer", "The outer one.")
    (first,) = outer.settings
    assert (first.name, first.meaning) == ("first_px", "Of the base.")
    assert (first.wanted, first.default) == ("a number above 0 and below 3, in pixels", "not set")
    assert (inner.name, inner.meaning, more.name) == ("outer.inner", "The inner one.", "outer.more.NAME")
    assert (inner.settings[0].wanted, inner.settings[0].default) == ("a word", '"y"')


def test_every_setting_tells_what_it_is_for() -> None:
    tables = list(describe(Config))
    assert [table.name for table in tables if not table.meaning] == []
    assert [(table.name, each.name) for table in tables for each in table.settings if len(each.meaning) < 12] == []
    assert sum(len(table.settings) for table in tables) > 150


def test_every_example_is_one() -> None:
    together = ("comet", "spool")  # of a comet only some go together
    for table in describe(Config):
        model = Config()
        for name in table.name.split("."):
            model = getattr(model, name, None) or next(iter(vars(load(Config, None, ["branches.x.last=0"])).values()))
        if table.name.startswith(("branches", *together)):
            continue
        for setting in table.settings:
            line = example(type(model).model_fields[setting.name], setting.name)
            load(Config, None, [f"{table.name}.{re.sub(' = ', '=', line, count=1)}"])
