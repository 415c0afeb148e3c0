"""Name -> class."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest

from indistack.errors import SettingsError
from indistack.registry import Registry
from indistack.settings import Settings, built, mount, validate


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


LATER: Registry[object] = Registry("slot.method")


class Slot(Settings):
    method: Annotated[str, LATER.choice("off")] = "off"


class FineSettings(Settings):
    size_px: float = 3.0


@LATER.register("fine")
class Fine:
    """Comes after the settings that choose it, as every entry does."""

    settings: ClassVar[type[Settings]] = FineSettings

    def __init__(self, settings: FineSettings) -> None:
        self.size_px = settings.size_px


LATER.register("plain", rank=1)(One)
LATER.register("ahead", rank=-1)(One)
mount(Slot, LATER.tables())


class Whole(Settings):
    slot: Slot = Slot()


def test_a_choice_knows_what_was_registered_after_it() -> None:
    assert [validate(Slot, {"method": name}).method for name in ("fine", "plain", "off")] == ["fine", "plain", "off"]
    with pytest.raises(SettingsError, match=r'slot.method = "other": .*one of "off", "ahead", "fine", "plain"'):
        validate(Whole, {"slot": {"method": "other"}})


def test_an_entry_is_made_with_its_own_settings() -> None:
    whole = validate(Whole, {"slot": {"fine": {"size_px": 5}}})
    made = built(LATER.get("fine"), whole.slot)
    assert isinstance(made, Fine)
    assert made.size_px == 5
    assert isinstance(built(LATER.get("plain"), whole.slot), One)


def test_faults_in_an_entrys_own_settings_are_named() -> None:
    with pytest.raises(SettingsError, match=r'slot.fine.size_px = "wide"'):
        validate(Whole, {"slot": {"fine": {"size_px": "wide"}}})
    with pytest.raises(SettingsError, match=r"slot.plain"):
        validate(Whole, {"slot": {"plain": {}}})


def test_an_entry_called_as_a_setting_of_the_slot_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'method' is a setting already"):
        mount(Slot, {"method": FineSettings})


def test_those_of_a_lower_rank_are_asked_first() -> None:
    assert LATER.ranked() == ["ahead", "fine", "plain"]
