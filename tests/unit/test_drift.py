"""When a new stack begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.drift import Drift, DriftSettings, limit_px, parse_quantity, separation_deg
from indistack.errors import SettingsError
from indistack.frame import CalibratedFrame, FrameInfo, Transform
from indistack.settings import validate


def frame(width: int = 400, height: int = 300, **facts: Any) -> CalibratedFrame:
    return CalibratedFrame(np.zeros((height, width), np.float32), None, 0.0, 1.0, None, FrameInfo(**facts))


def shifted(dx: float, dy: float = 0.0) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))


def flipped(width: int = 400, height: int = 300) -> Transform:
    return Transform(np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]))


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("300 px", None, 300),
        ("10 %", None, 40),
        ("0.2 deg", 2.0, 360),
        ("15 arcmin", 3.0, 300),
        ("0.2 deg", None, None),
    ],
)
def test_limits_in_every_unit(text: str, scale: float | None, expected: float | None) -> None:
    assert limit_px(text, 400, scale) == (pytest.approx(expected) if expected else None)


@pytest.mark.parametrize("text", ["", "3", "px", "-3 px", "0 px", "3 m", "nan px"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unit"):
        parse_quantity(text)
    with pytest.raises(SettingsError, match=r"limit"):
        validate(DriftSettings, {"limit": text})


def test_drift_beyond_the_limit_restarts_when_patience_ends() -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=3), frame())
    actions = [drift.shift(shifted(dx), frame()).action for dx in (49.9, 50.1, 50.2, 50.3)]
    assert actions == ["go_on", "go_on", "go_on", "restart"]


def test_a_jpeg_is_not_stacked_on_raw_frames_but_three_begin_a_stack_of_their_own() -> None:
    drift = Drift(DriftSettings(), frame())
    verdicts = [drift.facts(frame(linear=linear)) for linear in (False, True, False, False, False)]
    assert [verdict.action for verdict in verdicts] == ["refuse", "go_on", "refuse", "refuse", "restart"]
    assert (verdicts[0].reason, verdicts[0].detail) == (
        "tone_curve_changed",
        "tone_curve: straight in the stack, curved in this sub",
    )
    ignoring = Drift(DriftSettings(on_tone_curve="ignore"), frame())
    assert ignoring.facts(frame(linear=False)).action == "go_on"


def test_one_wild_frame_never_restarts() -> None:
    drift = Drift(DriftSettings(limit="50 px", patience=2), frame())
    shifts = (60, 10, 60, 10, 60)
    assert {drift.shift(shifted(dx), frame()).action for dx in shifts} == {"go_on"}


def test_an_angle_without_a_plate_scale_falls_back_to_a_share_of_the_width() -> None:
    settings = DriftSettings(limit="0.2 deg")
    assert Drift(settings, frame()).limit_px(frame()) == 100
    assert Drift(settings, frame(scale_arcsec_px=2.0)).limit_px(frame()) == 360


def test_a_meridian_flip_never_restarts() -> None:
    drift = Drift(DriftSettings(limit="5 px", patience=1), frame())
    assert drift.shift(flipped(), frame()).action == "go_on"


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
    drift = Drift(DriftSettings(change_patience=2), frame(**usual))
    first, second = drift.facts(frame(**usual | facts)), drift.facts(frame(**usual | facts))
    assert (first.action, first.reason) == ("refuse", reason)
    assert (second.action, second.reason) == ("restart", reason)


def test_focus_frames_between_subs_do_not_add_up() -> None:
    drift = Drift(DriftSettings(change_patience=2), frame(exposure_s=10.0))
    for _ in range(5):
        assert drift.facts(frame(exposure_s=1.0)).action == "refuse"
        assert drift.facts(frame(exposure_s=10.0)).action == "go_on"


def test_a_driver_that_reports_the_measured_exposure_changes_nothing() -> None:
    drift = Drift(DriftSettings(), frame(exposure_s=10.0))
    assert drift.facts(frame(exposure_s=10.1)).action == "go_on"
    assert drift.facts(frame(exposure_s=10.5)).action == "refuse"


def test_a_fact_that_one_header_does_not_say_is_no_change() -> None:
    drift = Drift(DriftSettings(), frame(exposure_s=10.0, target="M31"))
    assert drift.facts(frame()).action == "go_on"


def test_settings_choose_the_action() -> None:
    drift = Drift(
        DriftSettings(on_filter="refuse", on_target="ignore", change_patience=1), frame(filter_name="L", target="a")
    )
    assert drift.facts(frame(filter_name="R", target="a")).action == "refuse"
    assert drift.facts(frame(filter_name="L", target="b")).action == "go_on"


@pytest.mark.parametrize("facts", [{"exposure_s": 5.0}, {"gain_setting": 300.0}])
def test_another_exposure_or_gain_can_be_scaled(facts: dict[str, Any]) -> None:
    usual = {"exposure_s": 10.0, "gain_setting": 100.0, "filter_name": "L"}
    drift = Drift(DriftSettings(on_exposure="scale", on_gain_setting="scale", enabled=False), frame(**usual))
    assert drift.facts(frame(**usual)).action == "go_on"
    assert drift.facts(frame(**usual | facts)).action == "scale"
    assert drift.facts(frame(**usual | facts | {"filter_name": "R"})).reason == "filter_changed"


@pytest.mark.parametrize("name", ["on_size", "on_binning", "on_filter", "on_target", "on_tone_curve"])
def test_nothing_else_can_be_scaled(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        validate(DriftSettings, {name: "scale"})


def test_strangers_that_agree_are_a_new_target() -> None:
    drift = Drift(DriftSettings(new_target_subs=3), frame())
    actions = [drift.stranger(FrameInfo(), lambda: True).action for _ in range(3)]
    assert actions == ["go_on", "go_on", "restart"]


def test_strangers_that_do_not_agree_are_not() -> None:
    drift = Drift(DriftSettings(new_target_subs=3), frame())
    assert {drift.stranger(FrameInfo(), lambda: False).action for _ in range(10)} == {"go_on"}


def test_a_good_sub_between_strangers_starts_the_count_again() -> None:
    drift = Drift(DriftSettings(new_target_subs=2), frame())
    for _ in range(4):
        assert drift.stranger(FrameInfo(), lambda: True).action == "go_on"
        drift.shift(shifted(1), frame())


@pytest.mark.parametrize(("dec_deg", "action"), [(20.4, "go_on"), (20.6, "restart")])
def test_a_jump_in_the_header_restarts_at_once(dec_deg: float, action: str) -> None:
    drift = Drift(DriftSettings(pointing_jump="0.5 deg"), frame(ra_deg=80.0, dec_deg=20.0))
    assert drift.stranger(FrameInfo(ra_deg=80.0, dec_deg=dec_deg), lambda: False).action == action


def test_disabled_rules_refuse_and_never_restart() -> None:
    drift = Drift(DriftSettings(enabled=False, limit="1 px", patience=1, change_patience=1), frame(exposure_s=1.0))
    assert drift.shift(shifted(100), frame()).action == "go_on"
    assert drift.facts(frame(exposure_s=2.0)).action == "refuse"
    assert drift.stranger(FrameInfo(), lambda: True).action == "go_on"


def test_separation_follows_the_sphere() -> None:
    a, b = FrameInfo(ra_deg=0.0, dec_deg=60.0), FrameInfo(ra_deg=2.0, dec_deg=60.0)
    assert separation_deg(a, b) == pytest.approx(1.0, abs=1e-3)
    assert separation_deg(a, FrameInfo()) is None
