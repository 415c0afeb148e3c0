"""Live settings as properties: what a client reads is what it may send, and what it sends is what the agent is told."""

from __future__ import annotations

import pytest

from indistack.commands import LIVE
from indistack.faces.indi_device.kernel.properties import PropertyError
from indistack.faces.indi_device.setting_vectors import OTHER, SettingVector


@pytest.mark.parametrize("name", LIVE)
def test_what_is_shown_may_be_sent_again(name: str) -> None:
    knob = SettingVector(LIVE[name])
    assert (
        knob.asked({key: value for key, value in knob.vector.written().items() if value != "Off"}) == LIVE[name].default
    )


@pytest.mark.parametrize("name", LIVE)
def test_its_names_are_told_as_other_cameras_tell_theirs(name: str) -> None:
    vector = SettingVector(LIVE[name]).vector
    names = [vector.name, *(member.name for member in vector.elements)]
    assert all(each == each.upper() and " " not in each for each in names)


def test_a_number_beyond_its_bounds_is_refused() -> None:
    with pytest.raises(PropertyError, match="takes"):
        SettingVector(LIVE["quality.min_transparency"]).asked({"VALUE": "1.5"})


def test_a_bound_that_is_open_is_refused_in_the_words_of_the_setting() -> None:
    with pytest.raises(PropertyError, match="wanted is"):
        SettingVector(LIVE["stack.kappa_low"]).asked({"VALUE": "0"})


def test_nothing_is_off_where_that_may_be() -> None:
    knob = SettingVector(LIVE["quality.max_eccentricity"])
    assert knob.asked({"VALUE": "0"}) is None
    assert knob.show(None)
    assert knob.vector.number("VALUE") == 0


def test_a_choice_is_told_by_its_own_name() -> None:
    assert SettingVector(LIVE["stack.method"]).asked({"SIGMA_CLIP": "On"}) == "sigma_clip"


def test_words_that_are_no_look_stand_as_others_and_cannot_be_chosen() -> None:
    knob = SettingVector(LIVE["picture.operators"])
    assert knob.show(["background", "asinh:3"])
    assert knob.vector.chosen() == OTHER
    with pytest.raises(PropertyError, match="settings file"):
        knob.asked({OTHER: "On"})
    assert knob.asked({"MOON": "On"}) == ["moon"]


def test_only_a_change_is_one() -> None:
    knob = SettingVector(LIVE["stack.method"])
    assert not knob.show("auto")
    assert knob.show("median")
    assert not knob.show("median")
