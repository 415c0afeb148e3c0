"""The settings that change live, as faces know them without the models."""

from __future__ import annotations

from typing import Any

import pytest
from live_settings import FILE, table

from indistack.agent.facts import live_values
from indistack.commands import LIVE
from indistack.config import Config
from indistack.errors import SettingsError
from indistack.settings import validate


def test_the_file_says_what_the_models_say() -> None:
    assert FILE.read_text(encoding="utf-8") == table(), "run scripts/live_settings.py"


@pytest.mark.parametrize("name", LIVE)
def test_the_default_may_be_told(name: str) -> None:
    LIVE[name].check(LIVE[name].default)
    assert live_values(Config())[name] == LIVE[name].default
    assert LIVE[name].meaning
    assert LIVE[name].label


VALUES: list[tuple[str, Any]] = [
    (name, value)
    for name in LIVE
    for value in (None, "off", True, -1, 0, 1, 0.5, 1e9, "moon", "10 %", ["moon"], [1], "mean", "noise")
]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_what_is_refused_here_the_models_refuse_too(name: str, value: object) -> None:
    """The other way round a face may be told more than it can know: of a text's form, of operators' names."""
    table, _, last = name.partition(".")
    values = Config().model_dump()
    values[table][last] = value
    try:
        validate(Config, values)
    except SettingsError:
        return
    LIVE[name].check(value)


def test_a_schema_has_bounds_and_choices() -> None:
    assert LIVE["stack.kappa_low"].schema() | {"description": ""} == {
        "title": "Rejection below", "description": "", "default": 3.0, "type": "number", "exclusiveMinimum": 0.0,
    }  # fmt: skip
    assert "sigma_clip" in LIVE["stack.method"].schema()["enum"]
    assert {"type": "null"} in LIVE["quality.max_fwhm_ratio"].schema()["anyOf"]
