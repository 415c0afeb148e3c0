"""Which facts forbid a master."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from indistack.calibrate import CalibrateSettings
from indistack.calibrate.legal import Facts, apart_deg, compare
from indistack.frame import FrameInfo, Kind

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
SAME: dict[str, Any] = {
    "camera": "ZWO CCD ASI294MC Pro", "gain_setting": 100.0, "offset_setting": 30.0, "readout_mode": "Low Noise",
    "exposure_s": 60.0, "temperature_c": -10.0, "filter_name": "Ha", "rotator_deg": 359.0, "date_obs": DATE,
}  # fmt: skip


def facts(kind: Kind, shape: tuple[int, ...] = (8, 10), cfa: Any = "RGGB", **changes: Any) -> Facts:
    return Facts(kind, shape, cfa, FrameInfo(**SAME | changes))


def misfits(kind: Kind, settings: CalibrateSettings | None = None, **changes: Any) -> list[str]:
    return list(compare(facts(kind, **changes), facts("light"), settings or CalibrateSettings()).misfits)


@pytest.mark.parametrize("kind", ["dark", "flat", "bias"])
@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"camera": "ZWO CCD ASI183MC"}, "camera"),
        ({"shape": (8, 12)}, "size"),
        ({"shape": (8, 10, 3)}, "size"),
        ({"cfa": "GBRG"}, "CFA"),
        ({"binning": (2, 2)}, "binning"),
        ({"gain_setting": 101.0}, "gain"),
        ({"offset_setting": 10.0}, "offset"),
        ({"readout_mode": "Fast"}, "readout mode"),
    ],
)
def test_what_forbids_every_master(kind: Kind, changes: dict[str, Any], fact: str) -> None:
    assert misfits(kind) == []
    assert misfits(kind, **changes) == [fact]


@pytest.mark.parametrize(
    ("kind", "changes", "fact"),
    [
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
        ({"flat_any_gain": True}, "flat", {"gain_setting": 5.0, "offset_setting": 1.0, "readout_mode": "x"}),
    ],
)
def test_the_tolerances_are_settings(setting: dict[str, Any], kind: Kind, changes: dict[str, Any]) -> None:
    assert misfits(kind, **changes)
    assert misfits(kind, CalibrateSettings(**setting), **changes) == []


def test_any_gain_is_for_flats_only() -> None:
    assert misfits("dark", CalibrateSettings(flat_any_gain=True), gain_setting=5.0) == ["gain"]


def test_unknown_facts_neither_forbid_nor_fit() -> None:
    comparison = compare(facts("dark", gain_setting=None, camera="", cfa=None), facts("light"), CalibrateSettings())
    assert comparison.legal
    assert comparison.unknown == ("camera", "CFA", "gain")
    both = compare(facts("dark", gain_setting=None), facts("light", gain_setting=None), CalibrateSettings())
    assert both.unknown == ()


def test_reasons_in_words() -> None:
    comparison = compare(facts("dark", gain_setting=200.0, exposure_s=5.0), facts("light"), CalibrateSettings())
    assert comparison.reasons() == "gain 200, the frame 100; exposure 5 s, the frame 60 s"
    assert not comparison.scalable
    assert compare(facts("dark", exposure_s=5.0), facts("light"), CalibrateSettings()).scalable


def test_one_camera_under_the_names_of_several_programs() -> None:
    assert misfits("dark", camera="ZWO ASI294MC Pro") == []


def test_angles_go_round() -> None:
    assert apart_deg(359.0, 1.0) == pytest.approx(2.0)
    assert apart_deg(10.0, 190.0) == pytest.approx(180.0)
