"""Which camera is chosen, and what is said when none can be."""

from __future__ import annotations

from indistack.indi.census import ABSENT_S, PATIENCE_S, SETTLE_S, Census, interface_words

CCD = 1 << 1


def census(*cameras: str, wanted: str = "", proven: str = "") -> Census:
    result = Census(wanted, proven)
    for name in cameras:
        result.describe(name, f"indi_{name.lower()}", CCD)
    return result


def test_the_only_camera_is_taken() -> None:
    there = census("Main")
    there.describe("Mount", "indi_mount", 1)
    choice = there.choose(0.0)
    assert (choice.device, choice.cameras, choice.problem) == ("Main", ("Main",), "")


def test_a_device_that_can_expose_is_a_camera_whatever_its_interface_says() -> None:
    there = Census()
    there.define("Odd", "CCD_EXPOSURE")
    assert there.choose(0.0).device == "Odd"


def test_several_cameras_without_a_name_are_refused_by_name() -> None:
    there = census("Main", "Guide")
    assert there.choose(0.0).problem == ""
    choice = there.choose(SETTLE_S)
    assert choice.ambiguous
    assert choice.device == ""
    assert "'Guide', 'Main'" in choice.problem


def test_a_second_camera_undoes_a_choice_until_a_frame_has_come() -> None:
    there = census("Guide")
    assert there.choose(0.0).device == "Guide"
    there.describe("Main", "indi_main", CCD)
    assert there.choose(0.1).device == ""


def test_a_second_camera_changes_nothing_after_a_frame() -> None:
    there = census("Main")
    there.prove("Main")
    there.describe("Guide", "indi_guide", CCD)
    assert there.choose(100.0).device == "Main"
    assert not there.choose(200.0).ambiguous


def test_a_proven_camera_is_waited_for_before_another_takes_its_place() -> None:
    there = census("Guide", proven="Main")
    assert there.choose(0.0).device == ""
    assert there.choose(PATIENCE_S - 0.1).device == ""
    assert there.choose(PATIENCE_S).device == "Guide"
    there.describe("Main", "indi_main", CCD)
    assert there.choose(PATIENCE_S + 1).device == "Main"


def test_a_named_camera_is_taken_among_several_and_need_not_call_itself_one() -> None:
    assert census("Main", "Guide", wanted="Guide").choose(0.0).device == "Guide"
    there = Census("Plain")
    there.define("Plain", "IMAGE", blob=True)
    assert there.choose(0.0).device == "Plain"


def test_a_name_that_nobody_has_is_told_with_those_that_are_there() -> None:
    there = census("Main", wanted="Mian")
    assert there.choose(0.0).problem == ""
    assert there.choose(ABSENT_S).problem == "no device is called 'Mian': the server has 'Main'"


def test_no_camera_is_told_after_a_while() -> None:
    there = census()
    assert there.choose(0.0).problem == ""
    assert there.choose(ABSENT_S).problem == "the server has no camera yet"
    there.describe("Main", "indi_main", CCD)
    assert there.choose(ABSENT_S).device == "Main"


def test_a_device_that_went_is_forgotten_with_its_properties() -> None:
    there = census("Main")
    there.define("Main", "CCD1", blob=True)
    there.forget("Main")
    assert there.choose(0.0).device == ""
    assert there.blobs("Main") == frozenset()
    assert there.facts() == []


def test_the_guide_head_is_not_listened_to() -> None:
    there = census("Main")
    for name in ("CCD1", "CCD2"):
        there.define("Main", name, blob=True)
    assert there.blobs("Main") == {"CCD1"}
    there.forget("Main", "CCD1")
    assert there.blobs("Main") == frozenset()


def test_facts() -> None:
    there = census("Main")
    there.describe("Main", "indi_main", CCD | 1 << 4)
    there.connect("Main", True)
    there.define("Main", "CCD1", blob=True)
    (facts,) = there.facts()
    assert facts.interfaces == ("camera", "filter wheel")
    assert (facts.name, facts.driver, facts.connected, facts.blobs) == ("Main", "indi_main", True, ("CCD1",))


def test_interface_words() -> None:
    assert interface_words(0) == ()
    assert interface_words(1 << 0 | 1 << 1 | 1 << 3 | 1 << 30) == ("mount", "camera", "focuser")
