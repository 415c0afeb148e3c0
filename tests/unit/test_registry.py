"""Name -> class."""

from __future__ import annotations

import pytest

from indistack.errors import SettingsError
from indistack.registry import Registry


class One:
    """The first.

    And more.
    """


def test_names_are_found_listed_and_described() -> None:
    registry: Registry[object] = Registry("slot")
    registry.register("one")(One)
    assert registry.get("one") is One
    assert list(registry) == ["one"]
    assert registry.describe() == {"one": "The first."}


def test_an_unknown_name_lists_the_known_ones() -> None:
    registry: Registry[object] = Registry("slot")
    registry.register("one")(One)
    with pytest.raises(SettingsError, match="slot = 'two' is unknown; choose one of one"):
        registry.get("two")


def test_a_name_is_taken_once() -> None:
    registry: Registry[object] = Registry("slot")
    registry.register("one")(One)
    with pytest.raises(ValueError, match="twice"):
        registry.register("one")(int)
