"""When a new stack begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.config import Config, to_toml
from indistack.errors import SettingsError
from indistack.field.drift import Drift, Verdict
from indistack.field.drift_settings import DriftSettings
from indistack.settings import load, validate
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.transform import Transform


def frame(width: int = 400, height: int = 300, **facts: Any) -> CalibratedFrame:
    return CalibratedFrame(np.zeros((height, width), np.float32), None, 0.0, 1.0, None, FrameInfo(**facts))


def shifted(dx: float, dy: float = 0.0) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))


def facts_of(drift: Drift, sub: CalibratedFrame) -> Verdict:
    return drift.facts(sub, drift.slew(sub.info))


def shift_of(drift: Drift, transform: Transform, sub: CalibratedFrame) -> Verdict:
    return drift.shift(transform, sub, drift.slew(sub.info))


def flipped(width: int = 400, height: int = 300) -> Transform:
    return Transform(np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]))


@pytest.mark.parametrize(
    ("limit", "scale", "limit_px"),
    [
        ("300 px", None, 300),
        ("10 %", None, 40),
        ("0.2 deg", 2.0, 360),
        ("15 arcmin", 3.0, 300),
        ("90 arcsec", 2.0, 45),
        ("0.2 deg", None, 100),  # the plate scale is unknown: 25 % of the width
    ],
)
def test_a_limit_in_every_unit_acts_where_it_should(limit: str, scale: float | None, limit_px: float) -> None:
    drift = Drift(DriftSettings(limit=limit, patience=1), frame(scale_arcsec_px=scale))
    assert shift_of(drift, shifted(0.6 * (limit_px - 0.1), -0.8 * (limit_px - 0.1)), frame()).action == "go_on"
    assert shift_of(drift, shifted(-0.8 * (limit_px + 0.1), 0.6 * (limit_px + 0.1)), frame()).reason == "drift_limit"


def test_an_angle_without_a_plate_scale_is_told(caplog: pytest.LogCaptureFixture) -> None:
    Drift(DriftSettings(limit="0.2 deg"), frame(scale_arcsec_px=2.0))
    assert not caplog.messages
    Drift(DriftSettings(limit="0.2 deg"), frame())
    assert "plate scale" in caplog.text


@pytest.mark.parametrize("text", ["", "3", "-3 px", "3 m"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"limit"):
        validate(DriftSettings, {"limit": text})


def test_a_jump_is_an_angle() -> None:
    with pytest.raises(SettingsError, match=r"pointing_jump.*angle"):
        validate(DriftSettings, {"pointing_jump": "300 px"})


def test_drift_beyond_the_limit_restarts_when_patience_ends() -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=3), frame())
    actions = [shift_of(drift, shifted(dx), frame()).action for dx in (49.9, 50.1, 50.2, 50.3)]
    assert actions == ["go_on", "go_on", "go_on", "restart"]


@pytest.mark.parametrize("enabled", [True, False], ids=["live", "files"])
def test_raw_frames_win_over_the_pictures_that_the_camera_writes_beside_them(enabled: bool) -> None:
    settings, picture, raw = DriftSettings(enabled=enabled), frame(linear=False), frame(linear=True)
    began_with_picture = Drift(settings, picture)
    began_with_picture.accept(picture)
    verdict = facts_of(began_with_picture, raw)
    assert (verdict.action, verdict.reason) == ("restart", "odd_reference")
    anew = Drift(settings, raw)
    anew.accept(raw)
    for _ in range(2):  # the one that has lost its place, and the next one
        assert facts_of(anew, picture).action == "refuse"
    assert facts_of(anew, raw).action == "go_on"


def test_a_single_raw_frame_ends_no_stack_of_pictures() -> None:
    drift = Drift(DriftSettings(), frame(linear=False))
    for _ in range(3):
        drift.accept(frame(linear=False))
    assert facts_of(drift, frame(linear=True)).action == "refuse"
    refusing = Drift(DriftSettings(on_tone_curve="refuse"), frame(linear=False))
    assert facts_of(refusing, frame(linear=True)).action == "refuse"


def test_a_jpeg_is_not_stacked_on_raw_frames_but_three_begin_a_stack_of_their_own() -> None:
    drift = Drift(DriftSettings(), frame())
    verdicts = [facts_of(drift, frame(linear=linear)) for linear in (False, True, False, False, False)]
    assert [verdict.action for verdict in verdicts] == ["refuse", "go_on", "refuse", "refuse", "restart"]
    assert (verdicts[0].reason, verdicts[0].detail) == (
        "tone_curve_changed",
        "tone_curve: straight in the stack, curved in this sub",
    )
    ignoring = Drift(DriftSettings(on_tone_curve="ignore"), frame())
    assert facts_of(ignoring, frame(linear=False)).action == "go_on"


def test_one_wild_frame_never_restarts() -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=2), frame())
    shifts = (60, 10, 60, 10, 60)
    assert {shift_of(drift, shifted(dx), frame()).action for dx in shifts} == {"go_on"}


@pytest.mark.parametrize(("moved_deg", "action"), [(0.4, "go_on"), (0.6, "restart")])
def test_no_patience_where_the_header_tells_of_the_move_too(moved_deg: float, action: str) -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=3), frame(ra_deg=80.0, dec_deg=20.0))
    assert shift_of(drift, shifted(60), frame(ra_deg=80.0, dec_deg=20.0 + moved_deg)).action == action


def test_a_synchronised_mount_is_no_slew() -> None:
    drift = Drift(DriftSettings(), frame(ra_deg=80.0, dec_deg=20.0))
    synchronised = frame(ra_deg=80.0, dec_deg=21.0)
    assert shift_of(drift, shifted(3), synchronised).action == "go_on"
    assert drift.slew(synchronised.info).action == "go_on"


def test_slow_drift_adds_up_against_the_reference_and_not_against_the_previous_sub() -> None:
    def ends(against: str) -> int:
        drift = Drift(DriftSettings(limit="50 px", patience=1, against=against), frame())
        return [shift_of(drift, shifted(dx), frame()).action for dx in range(0, 200, 20)].count("restart")

    assert ends("reference") == 7
    assert ends("previous") == 0


@pytest.mark.parametrize(("step", "action"), [(49.9, "go_on"), (50.1, "restart")])
def test_a_step_from_the_previous_sub_counts_at_once(step: float, action: str) -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=3, against="previous"), frame())
    assert shift_of(drift, shifted(40), frame()).action == "go_on"
    assert shift_of(drift, shifted(40 + step), frame()).action == action


def test_the_preset_fills_in_what_is_not_set() -> None:
    astap = validate(DriftSettings, {"preset": "astap"})
    assert (astap.against, astap.limit, astap.pointing_jump) == ("previous", "0.2 deg", "0.2 deg")
    own = validate(DriftSettings, {"preset": "astap", "limit": "1 deg"})
    assert (own.against, own.limit) == ("previous", "1 deg")
    with pytest.raises(SettingsError, match="preset"):
        validate(DriftSettings, {"preset": "siril"})


def test_a_preset_survives_the_settings_file(tmp_path: Path) -> None:
    config = load(Config, None, ["drift.preset=astap"])
    (tmp_path / "settings.toml").write_text(to_toml(config))
    assert load(Config, tmp_path / "settings.toml") == config


@pytest.mark.parametrize(("step_px", "action"), [(359, "go_on"), (361, "restart")])
def test_the_preset_acts_as_astap_does(step_px: float, action: str) -> None:
    drift = Drift(validate(DriftSettings, {"preset": "astap"}), frame(scale_arcsec_px=2.0))
    assert shift_of(drift, shifted(step_px), frame()).action == action


def test_a_meridian_flip_never_restarts() -> None:
    drift = Drift(DriftSettings(limit="5 px", patience=1), frame())
    assert shift_of(drift, flipped(), frame()).action == "go_on"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"exposure_s": 20.0}, "exposure_changed"),
        ({"gain_setting": 200.0}, "gain_setting_changed"),
        ({"binning": (2, 2)}, "binning_changed"),
        ({"filter_name": "Ha"}, "filter_changed"),
        ({"target": "M42"}, "target_changed"),
        ({"width": 200}, "size_changed"),
    ],
)
def test_a_changed_setting_is_refused_first_and_restarts_when_it_stays(facts: dict[str, Any], reason: str) -> None:
    usual = {"exposure_s": 10.0, "gain_setting": 100.0, "filter_name": "L", "target": "M31"}
    drift = Drift(DriftSettings(change_patience=2, on_filter="restart", on_target="restart"), frame(**usual))
    first, second = facts_of(drift, frame(**usual | facts)), facts_of(drift, frame(**usual | facts))
    assert (first.action, first.reason) == ("refuse", reason)
    assert (second.action, second.reason) == ("restart", reason)


@pytest.mark.parametrize(("first_s", "then_s"), [(10.0, 0.0), (0.0, 10.0)])
def test_an_exposure_of_nothing_is_one_that_nobody_tells(first_s: float, then_s: float) -> None:
    drift = Drift(DriftSettings(), frame(exposure_s=first_s))
    assert facts_of(drift, frame(exposure_s=then_s)).action == "go_on"


def test_filters_of_a_mono_camera_have_exposures_of_their_own() -> None:
    drift = Drift(DriftSettings(change_patience=1), frame(filter_name="L", exposure_s=10.0))
    first_ha = frame(filter_name="Ha", exposure_s=300.0)
    assert facts_of(drift, first_ha).action == "go_on"
    drift.accept(first_ha)
    assert facts_of(drift, frame(filter_name="Ha", exposure_s=300.0)).action == "go_on"
    assert facts_of(drift, frame(filter_name="Ha", exposure_s=10.0)).reason == "exposure_changed"
    assert facts_of(drift, frame(filter_name="L", exposure_s=300.0)).reason == "exposure_changed"
    assert facts_of(drift, frame(filter_name="L", exposure_s=10.0)).action == "go_on"


@pytest.mark.parametrize(
    ("on_filter", "channels", "name"), [("auto", 1, "Ha"), ("auto", 3, ""), ("split", 3, "Ha"), ("ignore", 1, "")]
)
def test_who_splits_by_filter(on_filter: Any, channels: int, name: str) -> None:
    first = frame(filter_name="L")
    if channels == 3:
        first = replace(first, pixels=np.zeros((*first.pixels.shape, 3), np.float32))
    assert Drift(DriftSettings(on_filter=on_filter), first).filter_of(FrameInfo(filter_name="Ha")) == name


@pytest.mark.parametrize("spelled", ["HA", "Ha ", "h-alpha", "Halpha", "H_Alpha", "H\u03b1", ""])
def test_a_filter_is_one_however_it_is_spelled(spelled: str) -> None:
    drift = Drift(DriftSettings(), frame(filter_name="Ha"))
    assert drift.filter_of(FrameInfo(filter_name=spelled)) == "Ha"
    assert drift.filter_of(FrameInfo(filter_name="Hb")) == "Hb"
    drift.accept(frame(filter_name="OIII"))
    assert drift.filter_of(FrameInfo(filter_name=spelled)) == ("Ha" if spelled else "")  # of two it may be either


def test_a_target_is_one_however_it_is_spelled_and_a_name_alone_is_no_reason() -> None:
    asked = Drift(DriftSettings(on_target="restart", change_patience=1), frame(target="M31"))
    assert {facts_of(asked, frame(target=name)).action for name in ("M 31", "M_31", "m31")} == {"go_on"}
    assert facts_of(asked, frame(target="M32")).reason == "target_changed"
    assert facts_of(Drift(DriftSettings(), frame(target="M31")), frame(target="NGC 224")).action == "go_on"


def test_focus_frames_between_subs_do_not_add_up() -> None:
    drift = Drift(DriftSettings(change_patience=2), frame(exposure_s=10.0))
    for _ in range(5):
        assert facts_of(drift, frame(exposure_s=1.0)).action == "refuse"
        assert facts_of(drift, frame(exposure_s=10.0)).action == "go_on"


def test_a_driver_that_reports_the_measured_exposure_changes_nothing() -> None:
    drift = Drift(DriftSettings(), frame(exposure_s=10.0))
    assert facts_of(drift, frame(exposure_s=10.1)).action == "go_on"
    assert facts_of(drift, frame(exposure_s=10.5)).action == "refuse"


def test_a_fact_that_one_header_does_not_say_is_no_change() -> None:
    drift = Drift(DriftSettings(), frame(exposure_s=10.0, target="M31"))
    assert facts_of(drift, frame()).action == "go_on"


def test_settings_choose_the_action() -> None:
    drift = Drift(
        DriftSettings(on_filter="refuse", on_target="ignore", change_patience=1), frame(filter_name="L", target="a")
    )
    assert facts_of(drift, frame(filter_name="R", target="a")).action == "refuse"
    assert facts_of(drift, frame(filter_name="L", target="b")).action == "go_on"


@pytest.mark.parametrize("facts", [{"exposure_s": 5.0}, {"gain_setting": 300.0}])
def test_another_exposure_or_gain_can_be_scaled(facts: dict[str, Any]) -> None:
    usual = {"exposure_s": 10.0, "gain_setting": 100.0, "filter_name": "L"}
    settings = DriftSettings(on_exposure="scale", on_gain_setting="scale", on_filter="refuse", enabled=False)
    drift = Drift(settings, frame(**usual))
    assert facts_of(drift, frame(**usual)).action == "go_on"
    assert facts_of(drift, frame(**usual | facts)).action == "scale"
    assert facts_of(drift, frame(**usual | facts | {"filter_name": "R"})).reason == "filter_changed"


@pytest.mark.parametrize("name", ["on_size", "on_binning", "on_filter", "on_target", "on_tone_curve"])
def test_nothing_else_can_be_scaled(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        validate(DriftSettings, {name: "scale"})


def test_strangers_that_agree_are_a_new_target() -> None:
    drift = Drift(DriftSettings(new_target_subs=3), frame())
    actions = [drift.stranger(lambda: True).action for _ in range(3)]
    assert actions == ["go_on", "go_on", "restart"]


def test_strangers_that_do_not_agree_are_not() -> None:
    drift = Drift(DriftSettings(new_target_subs=3), frame())
    assert {drift.stranger(lambda: False).action for _ in range(10)} == {"go_on"}


def test_a_good_sub_between_strangers_starts_the_count_again() -> None:
    drift = Drift(DriftSettings(new_target_subs=2), frame())
    for _ in range(4):
        assert drift.stranger(lambda: True).action == "go_on"
        shift_of(drift, shifted(1), frame())


@pytest.mark.parametrize(("dec_deg", "action"), [(20.4, "go_on"), (20.6, "restart")])
def test_a_jump_in_the_header_restarts_at_once(dec_deg: float, action: str) -> None:
    drift = Drift(DriftSettings(pointing_jump="0.5 deg"), frame(ra_deg=80.0, dec_deg=20.0))
    assert drift.slew(FrameInfo(ra_deg=80.0, dec_deg=dec_deg)).action == action


def test_a_slew_to_another_target_needs_no_patience() -> None:
    settings = DriftSettings(change_patience=3, on_target="restart")
    drift = Drift(settings, frame(ra_deg=80.0, dec_deg=20.0, target="M1", exposure_s=10.0))
    focusing = frame(ra_deg=90.0, dec_deg=20.0, target="M35", exposure_s=1.0)
    assert facts_of(drift, focusing).reason == "exposure_changed"
    light = frame(ra_deg=90.0, dec_deg=20.0, target="M35", exposure_s=10.0)
    verdict = facts_of(drift, light)
    assert (verdict.action, verdict.reason) == ("restart", "pointing_jump")


@pytest.mark.parametrize(("sigma", "action"), [(19.9, "go_on"), (20.1, "restart")])
def test_too_strong_a_gradient_restarts_when_patience_ends(sigma: float, action: str) -> None:
    drift = Drift(DriftSettings(on_gradient="restart", gradient_limit=20.0, patience=3), frame())
    assert [drift.gradient(sigma).action for _ in range(2)] == ["go_on", "go_on"]
    assert drift.gradient(sigma).action == action


def test_one_steep_sub_starts_no_count() -> None:
    drift = Drift(DriftSettings(on_gradient="restart", patience=2), frame())
    assert {drift.gradient(sigma).action for sigma in (30.0, 1.0, 30.0, 1.0, 30.0)} == {"go_on"}


@pytest.mark.parametrize(
    ("changes", "action"),
    [({"on_gradient": "refuse"}, "refuse"), ({"on_gradient": "restart", "enabled": False}, "refuse"), ({}, "go_on")],
)
def test_a_gradient_can_be_refused_or_ignored(changes: dict[str, Any], action: str) -> None:
    drift = Drift(DriftSettings(patience=1, **changes), frame())
    assert drift.gradient(100.0).action == action
    assert drift.gradient(19.0).action == "go_on"


def test_disabled_rules_refuse_and_never_restart() -> None:
    settings = DriftSettings(enabled=False, limit="1 px", patience=1, change_patience=1, new_target_subs=2)
    drift = Drift(settings, frame(exposure_s=1.0, ra_deg=80.0, dec_deg=20.0))
    for _ in range(2):
        drift.accept(frame(exposure_s=1.0))
    assert shift_of(drift, shifted(100), frame()).action == "go_on"
    assert facts_of(drift, frame(exposure_s=2.0)).action == "refuse"
    assert {drift.stranger(lambda: True).action for _ in range(3)} == {"go_on"}
    assert drift.slew(FrameInfo(ra_deg=90.0, dec_deg=20.0)).action == "go_on"


@pytest.mark.parametrize(
    ("accepted", "setting", "trial"), [(2, "restart", True), (3, "restart", False), (2, "ignore", False)]
)
def test_the_first_subs_may_contradict_the_reference(accepted: int, setting: str, trial: bool) -> None:
    drift = Drift(DriftSettings(enabled=False, on_odd_reference=setting), frame())
    for _ in range(accepted):
        drift.accept(frame())
    assert drift.on_trial is trial
    assert drift.odd_reference("why") == (Verdict("restart", "odd_reference", "why") if trial else None)


@pytest.mark.parametrize(("accepted", "setting", "odd"), [(1, "restart", 1), (2, "restart", 0), (1, "ignore", 0)])
def test_where_no_other_stack_may_begin_two_others_are_right_against_one(accepted: int, setting: str, odd: int) -> None:
    drift = Drift(DriftSettings(enabled=False, on_odd_reference=setting), frame(exposure_s=1.0))
    for _ in range(accepted):
        drift.accept(frame(exposure_s=1.0))
    assert [drift.stranger(lambda: True).reason for _ in range(2)] == ["", "odd_reference" * odd]
    assert facts_of(drift, frame(exposure_s=2.0)).reason == "exposure_changed"
    assert facts_of(drift, frame(exposure_s=3.0)).reason == "exposure_changed"  # they do not agree with each other
    assert facts_of(drift, frame(exposure_s=3.0)).reason == ("odd_reference" if odd else "exposure_changed")


STEPS: dict[str, Callable[[Drift], Verdict]] = {
    "beyond": lambda drift: shift_of(drift, shifted(100), frame()),
    "steep": lambda drift: drift.gradient(100.0),
    "strangers": lambda drift: drift.stranger(lambda: True),
    "changed": lambda drift: facts_of(drift, frame(exposure_s=2.0)),
}
"""What counts towards a restart, each by itself."""


@pytest.mark.parametrize("counted", STEPS)
def test_every_count_goes_on_where_it_was(counted: str) -> None:
    """The second of two starts a stack, and the first of another kind does not."""
    settings = DriftSettings(limit="50 px", patience=2, new_target_subs=2, change_patience=2, on_gradient="restart")
    for name, step in STEPS.items():
        before, after = (Drift(settings, frame(exposure_s=1.0)) for _ in range(2))
        assert STEPS[counted](before).action != "restart"
        after.recall(json.loads(json.dumps(before.memory())))
        assert (step(after).action == "restart") is (name == counted)


def test_place_limit_and_filters_are_remembered() -> None:
    settings = DriftSettings(limit="0.1 deg", against="previous", on_filter="split", change_patience=1)
    before, after = (Drift(settings, frame(filter_name="R", exposure_s=1.0)) for _ in range(2))
    before.rescale(3.6)  # 0.1 deg are 100 px
    shift_of(before, shifted(30, 40), frame(ra_deg=90.0, dec_deg=20.0))
    before.accept(frame(filter_name="G", exposure_s=2.0))
    after.recall(json.loads(json.dumps(before.memory())))
    assert after.slew(FrameInfo(ra_deg=90.0, dec_deg=20.0)).action == "go_on"
    assert facts_of(after, frame(filter_name="G", exposure_s=3.0)).reason == "exposure_changed"
    assert facts_of(after, frame(filter_name="G", exposure_s=2.0)).action == "go_on"
    assert shift_of(after, shifted(30, 139), frame()).action == "go_on"
    assert shift_of(after, shifted(129, 139), frame()).action == "go_on"
    assert shift_of(after, shifted(129, 240), frame()).reason == "drift_limit"
