"""Which facts forbid a master, and which are only doubts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Master
from indistack.calibrate.fit import Comparison, FrameFacts, apart_deg, compare, exposure_ratio, in_words
from indistack.errors import CalibrationError
from indistack.values.frame import FrameInfo, Kind

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
SAME: dict[str, Any] = {
    "camera": "ZWO CCD ASI294MC Pro", "gain_setting": 100.0, "offset_setting": 30.0, "readout_mode": "Low Noise",
    "exposure_s": 60.0, "temperature_c": -10.0, "filter_name": "Ha", "rotator_deg": 359.0, "date_obs": DATE,
}  # fmt: skip


def facts(kind: Kind, shape: tuple[int, ...] = (8, 10), cfa: Any = "RGGB", **changes: Any) -> FrameFacts:
    return FrameFacts(kind, shape, cfa, FrameInfo(**SAME | changes))


def beside_light(kind: Kind, settings: CalibrateSettings | None = None, **changes: Any) -> Comparison:
    return compare(facts(kind, **changes), facts("light"), settings or CalibrateSettings())


def misfits(kind: Kind, settings: CalibrateSettings | None = None, **changes: Any) -> list[str]:
    return list(beside_light(kind, settings, **changes).misfits)


@pytest.mark.parametrize("kind", ["dark", "flat", "bias"])
@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"camera": "ZWO CCD ASI183MC"}, "camera"),
        ({"shape": (8, 12)}, "size"),
        ({"shape": (8, 10, 3)}, "size"),
        ({"cfa": "GBRG"}, "CFA"),
        ({"binning": (2, 2)}, "binning"),
        ({"readout_mode": "Fast"}, "readout mode"),
    ],
)
def test_what_forbids_every_master(kind: Kind, changes: dict[str, Any], fact: str) -> None:
    assert misfits(kind) == []
    assert misfits(kind, **changes) == [fact]


@pytest.mark.parametrize(
    ("kind", "changes", "fact"),
    [
        ("dark", {"gain_setting": 101.0}, "gain"),
        ("dark", {"offset_setting": 10.0}, "offset"),
        ("bias", {"gain_setting": 101.0}, "gain"),
        ("bias", {"offset_setting": 10.0}, "offset"),
        ("dark", {"exposure_s": 61.0}, None),
        ("dark", {"exposure_s": 65.0}, "exposure"),
        ("dark", {"temperature_c": -11.9}, None),
        ("dark", {"temperature_c": -12.1}, "temperature"),
        ("bias", {"exposure_s": 0.0, "temperature_c": 20.0, "filter_name": "R"}, None),
        ("flat", {"exposure_s": 1.0, "temperature_c": 20.0}, None),
        ("flat", {"filter_name": "R"}, "filter"),
        ("flat", {"filter_name": "HA"}, None),
        ("flat", {"rotator_deg": 0.5}, None),
        ("flat", {"rotator_deg": 179.0}, "rotator"),
        ("flat", {"date_obs": DATE - timedelta(days=59)}, None),
        ("flat", {"date_obs": DATE - timedelta(days=61)}, "date"),
    ],
)
def test_what_forbids_one_kind(kind: Kind, changes: dict[str, Any], fact: str | None) -> None:
    assert misfits(kind, **changes) == ([fact] if fact else [])


@pytest.mark.parametrize(
    ("setting", "kind", "changes"),
    [
        ({"exposure_tolerance": 0.1}, "dark", {"exposure_s": 65.0}),
        ({"temperature_tolerance_c": 5.0}, "dark", {"temperature_c": -14.0}),
        ({"rotator_tolerance_deg": 90.0}, "flat", {"rotator_deg": 80.0}),
        ({"flat_max_age_days": 400.0}, "flat", {"date_obs": DATE - timedelta(days=300)}),
    ],
)
def test_the_tolerances_are_settings(setting: dict[str, Any], kind: Kind, changes: dict[str, Any]) -> None:
    assert misfits(kind, **changes)
    assert misfits(kind, CalibrateSettings(**setting), **changes) == []


def test_gain_and_offset_of_a_flat_are_doubts() -> None:
    comparison = beside_light("flat", gain_setting=5.0, offset_setting=1.0)
    assert comparison.legal
    assert in_words(comparison.doubts) == "gain 5, the frame 100; offset 1, the frame 30"
    assert comparison.differences == comparison.doubts
    assert misfits("flat", gain_setting=5.0, readout_mode="x") == ["readout mode"]


@pytest.mark.parametrize(
    ("changes", "words", "numbers"),
    [
        ({"shape": (8, 12)}, "size 12 x 8, the frame 10 x 8", {"master_size": "12 x 8", "frame_size": "10 x 8"}),
        ({"cfa": "GBRG"}, "CFA GBRG, the frame RGGB", {"master_cfa": "GBRG", "frame_cfa": "RGGB"}),
        ({"binning": (2, 2)}, "binning 2x2, the frame 1x1", {"master_binning": "2x2", "frame_binning": "1x1"}),
    ],
)
def test_another_geometry_is_an_error(changes: dict[str, Any], words: str, numbers: dict[str, str]) -> None:
    with pytest.raises(CalibrationError, match=f"master_mismatch: master dark: {words}") as caught:
        beside_light("dark", **changes).require_geometry("master dark")
    assert caught.value.numbers == numbers


def test_other_facts_leave_the_geometry_alone() -> None:
    beside_light("dark", gain_setting=5.0, exposure_s=1.0, camera="Other").require_geometry("master dark")


@pytest.mark.parametrize(
    ("dark_s", "light_s", "tolerance", "ratio"),
    [
        (60.0, 61.0, 0.02, 1.0), (60.0, 63.0, 0.02, 1.05), (60.0, 63.0, 0.1, 1.0), (60.0, 30.0, 0.02, 0.5),
        (None, 30.0, 0.02, 1.0), (0.0, 30.0, 0.02, 1.0), (60.0, None, 0.02, 1.0),
    ],
)  # fmt: skip
def test_the_ratio_of_exposures(dark_s: Any, light_s: Any, tolerance: float, ratio: float) -> None:
    dark = Master(np.zeros((2, 2), np.float32), "dark", None, FrameInfo(exposure_s=dark_s), 3, "d")
    settings = CalibrateSettings(exposure_tolerance=tolerance)
    assert exposure_ratio(dark, FrameInfo(exposure_s=light_s), settings) == pytest.approx(ratio)


def test_unknown_facts_neither_forbid_nor_fit() -> None:
    comparison = beside_light("dark", gain_setting=None, camera="", cfa=None)
    assert comparison.legal
    assert comparison.unknown == ("camera", "CFA", "gain")
    both = compare(facts("dark", gain_setting=None), facts("light", gain_setting=None), CalibrateSettings())
    assert both.unknown == ()


def test_reasons_in_words() -> None:
    comparison = beside_light("dark", gain_setting=200.0, exposure_s=5.0)
    assert in_words(comparison.misfits) == "gain 200, the frame 100; exposure 5 s, the frame 60 s"
    assert not comparison.scalable
    assert beside_light("dark", exposure_s=5.0).scalable


def test_one_camera_under_the_names_of_several_programs() -> None:
    assert misfits("dark", camera="ZWO ASI294MC Pro") == []


def test_angles_go_round() -> None:
    assert apart_deg(359.0, 1.0) == pytest.approx(2.0)
    assert apart_deg(10.0, 190.0) == pytest.approx(180.0)
