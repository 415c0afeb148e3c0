"""Which camera is chosen, and what is said when none can be."""

from __future__ import annotations

import pytest

from indistack.indi.census import ABSENT_S, CONNECT_S, PATIENCE_S, SETTLE_S, CameraChoice, Census
from indistack.indi.device_facts import interface_words
from indistack.values.own_driver import OWN_DRIVER

CCD = 1 << 1


def census(*cameras: str, wanted: str = "", proven: str = "", connected: bool | None = None) -> Census:
    result = Census(wanted, proven)
    for name in cameras:
        result.describe(name, f"indi_{name.lower()}", CCD)
        if connected is not None:
            result.connect(name, connected)
    return result


def settled(there: Census, after_s: float = SETTLE_S) -> CameraChoice:
    """Return the choice when nothing has changed for a while."""
    assert there.choose(1000.0).device == ""
    assert there.choose(1000.0 + after_s - 0.01).device == ""
    return there.choose(1000.0 + after_s)


def test_the_only_camera_is_taken() -> None:
    there = census("Main")
    there.describe("Mount", "indi_mount", 1)
    assert settled(there) == CameraChoice("Main", ("Main",))


def test_a_device_that_can_expose_is_a_camera_whatever_its_interface_says() -> None:
    there = Census()
    there.define("Odd", "CCD_EXPOSURE")
    assert settled(there).device == "Odd"


@pytest.mark.parametrize(("bits", "cameras"), [(1, ()), (5, ()), (3, ("Odd",)), (4, ("Odd",)), (0, ("Odd",))])
def test_a_mount_is_no_camera_unless_it_says_so(bits: int, cameras: tuple[str, ...]) -> None:
    there = Census()
    there.describe("Odd", "indi_odd", bits)
    there.define("Odd", "CCD_EXPOSURE")
    assert there.choose(0.0).cameras == cameras


def test_of_several_cameras_the_one_that_is_connected_is_taken() -> None:
    there = census("A", "B", connected=False)
    there.connect("B", True)
    assert settled(there, CONNECT_S) == CameraChoice("B", ("A", "B"))


@pytest.mark.parametrize("guider", ["Guide Simulator", "ASI120"])
def test_of_several_cameras_the_one_that_does_not_guide_is_taken(guider: str) -> None:
    there = census("Main", guider, connected=True)
    there.guide(guider, True)
    assert settled(there) == CameraChoice("Main", tuple(sorted(("Main", guider))))


def test_a_camera_s_name_or_driver_may_say_that_it_guides() -> None:
    there = census("Main", "ZZ", connected=True)
    there.describe("ZZ", "indi_simulator_guide", CCD)
    assert settled(there).device == "Main"


def test_a_guide_camera_that_is_alone_is_taken() -> None:
    assert settled(census("Guide Simulator", connected=True)).device == "Guide Simulator"


def test_a_guider_that_connects_first_is_not_taken_before_the_other_had_time_to() -> None:
    there = census("Main", "Other", connected=False)
    there.connect("Other", True)
    assert there.choose(0.0).device == ""
    there.guide("Other", True)
    there.connect("Main", True)
    assert there.choose(CONNECT_S).device == ""
    assert there.choose(CONNECT_S + SETTLE_S).device == "Main"


def test_several_cameras_of_which_none_stands_out_are_named_with_the_option() -> None:
    choice = settled(census("Main", "Other", connected=True))
    assert choice.device == ""
    assert choice.problem == "the server has several cameras, 'Main', 'Other': choose with --device"


@pytest.mark.parametrize("wanted", ["", "Main"])
def test_a_camera_that_is_not_connected_is_told_as_such(wanted: str) -> None:
    there = census("Main", wanted=wanted, connected=False)
    there.choose(0.0)
    assert there.choose(SETTLE_S).problem == ""
    choice = there.choose(SETTLE_S + ABSENT_S)
    assert (choice.device, choice.problem) == ("Main", "the camera 'Main' is not connected: connect it in Ekos")
    there.connect("Main", True)
    assert there.choose(SETTLE_S + ABSENT_S) == CameraChoice("Main", ("Main",))


def test_a_second_camera_that_appears_before_a_choice_is_considered() -> None:
    there = census("Other")
    assert there.choose(0.0).device == ""
    there.describe("Main", "indi_main", CCD)
    assert there.choose(SETTLE_S).device == ""
    assert "'Main', 'Other'" in there.choose(2 * SETTLE_S).problem


def test_a_second_camera_changes_nothing_after_a_frame() -> None:
    there = census("Main", connected=True)
    there.prove("Main")
    there.describe("Other", "indi_other", CCD)
    there.connect("Main", False)
    there.connect("Other", True)
    assert there.choose(100.0).device == "Main"
    choice = there.choose(200.0)
    assert choice.device == "Main"
    assert choice.problem.endswith("connect it in Ekos, or choose 'Other' with --device")


def test_a_proven_camera_is_waited_for_before_another_takes_its_place() -> None:
    there = census("Other", proven="Main")
    assert there.choose(0.0).device == ""
    assert there.choose(PATIENCE_S - 0.1).device == ""
    there.choose(PATIENCE_S)
    assert there.choose(PATIENCE_S + SETTLE_S).device == "Other"
    there.describe("Main", "indi_main", CCD)
    assert there.choose(PATIENCE_S + SETTLE_S + 1).device == "Main"


def test_what_may_take_a_camera_s_place_is_listened_to_meanwhile() -> None:
    there = census("Other", "Guide", proven="Main")
    for name in ("Other", "Guide"):
        there.define(name, "CCD1", blob=True)
    assert there.choose(0.0).problem == ""
    choice = there.choose(ABSENT_S)
    assert choice == CameraChoice("", ("Guide", "Other"), "the camera 'Main' is gone", ("Other",))
    assert there.wanted(choice) == {("Other", "CCD1"): "indi_other"}


def test_the_choice_is_final_once_the_camera_s_frames_have_come_whenever_they_did() -> None:
    there = census("Other", proven="Main")
    there.choose(0.0)
    there.hear("Other")
    there.choose(PATIENCE_S)
    assert there.choose(PATIENCE_S + SETTLE_S).device == "Other"
    there.describe("Main", "indi_main", CCD)
    assert there.choose(PATIENCE_S + SETTLE_S + 1).device == "Other"


def test_no_guider_takes_the_place_of_a_camera_that_was_none() -> None:
    there = census("Guide", proven="Main")
    assert there.choose(0.0).possible == ()
    choice = [there.choose(PATIENCE_S + after_s) for after_s in (0.0, SETTLE_S)][-1]
    assert choice.device == ""
    assert choice.problem == "the camera 'Main' is gone, and 'Guide' guides: --device chooses it all the same"
    there.describe("Other", "indi_other", CCD)
    there.choose(PATIENCE_S + 2 * SETTLE_S)
    assert there.choose(PATIENCE_S + 3 * SETTLE_S).device == "Other"


def test_a_guider_takes_the_place_of_a_guider() -> None:
    there = census("Guide 2", proven="Guide 1")
    there.choose(0.0)
    there.choose(PATIENCE_S)
    assert there.choose(PATIENCE_S + SETTLE_S).device == "Guide 2"


def test_a_named_camera_is_taken_among_several_and_need_not_call_itself_one() -> None:
    assert census("Main", "Guide", wanted="Guide").choose(0.0).device == "Guide"
    there = Census("Plain")
    there.define("Plain", "IMAGE", blob=True)
    assert there.choose(0.0).device == "Plain"


def test_a_name_of_what_is_no_camera_is_told() -> None:
    there = census("Main", wanted="Telescope")
    there.describe("Telescope", "indi_telescope", 5)
    assert there.choose(0.0).problem == ""
    choice = there.choose(ABSENT_S)
    assert choice.device == ""
    assert choice.problem == "'Telescope' (--device) is no camera but a mount and guider: the server has 'Main'"


def test_a_name_that_nobody_has_is_told_with_those_that_are_there() -> None:
    there = census("Main", wanted="Mian")
    assert there.choose(0.0).problem == ""
    assert there.choose(ABSENT_S).problem == "no device is called 'Mian' (--device): the server has 'Main'"


def test_no_camera_is_told_after_a_while() -> None:
    there = census()
    assert there.choose(0.0).problem == ""
    assert there.choose(ABSENT_S).problem == "the server has no camera yet"
    there.describe("Main", "indi_main", CCD)
    there.choose(ABSENT_S)
    assert there.choose(ABSENT_S + SETTLE_S).device == "Main"


def test_a_device_that_went_is_forgotten_with_its_properties() -> None:
    there = census("Main")
    there.define("Main", "CCD1", blob=True)
    there.forget("Main")
    assert there.choose(0.0).device == ""
    assert there.wanted(CameraChoice("Main")) == {}
    assert there.facts() == []


def test_the_guide_head_is_not_listened_to() -> None:
    there = census("Main")
    for name in ("CCD1", "CCD2"):
        there.define("Main", name, blob=True)
    assert there.wanted(CameraChoice("Main")) == {("Main", "CCD1"): "indi_main"}
    there.forget("Main", "CCD1")
    assert there.wanted(CameraChoice("Main")) == {}


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


def test_our_own_stack_is_no_camera() -> None:
    found = Census()
    for name in ("Camera", "Live Stack"):
        found.define(name, "CCD_EXPOSURE")
        found.define(name, "CCD1", blob=True)
    found.describe("Live Stack", OWN_DRIVER, CCD)
    found.choose(0.0)
    assert found.choose(60.0).device == "Camera"


def test_our_own_stack_is_refused_by_name() -> None:
    found = Census("Live Stack")
    found.define("Live Stack", "CCD1", blob=True)
    found.describe("Live Stack", OWN_DRIVER, CCD)
    found.choose(0.0)
    choice = found.choose(60.0)
    assert choice.device == ""
    assert "no camera" in choice.problem
