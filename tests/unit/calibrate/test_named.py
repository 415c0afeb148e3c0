"""Masters that the user named."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Master, Masters, NamedMasters
from indistack.errors import CalibrationError
from indistack.values.frame import FrameInfo, Kind, RawFrame

SHAPE = (10, 12)
DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
INFO = FrameInfo(exposure_s=60.0, gain_setting=100.0, temperature_c=-10.0, rotator_deg=0.0, date_obs=DATE)
FRAME = RawFrame(np.zeros(SHAPE, np.uint16), "RGGB", INFO)


def master(kind: Kind, level: float, shape: tuple[int, ...] = SHAPE, **facts: Any) -> Master:
    return Master(np.full(shape, level, np.float32), kind, None, FrameInfo(**facts), 10, f"{kind}.fits")


def named(*masters: Master, **settings: Any) -> NamedMasters:
    return NamedMasters(Masters(**{each.kind: each for each in masters}), CalibrateSettings(**settings))


def test_every_choice_has_the_same_pixels() -> None:
    chooser = named(master("dark", 7.5), master("flat", 3.0))
    for _ in range(3):
        masters = chooser.choose(FRAME).masters
        assert masters.dark is not None
        assert masters.flat is not None
        assert masters.bias is None
        assert masters.dark.pixels.shape == SHAPE
        assert (masters.dark.pixels == 7.5).all()
        assert (masters.flat.pixels == 3.0).all()
        assert masters.dark.source == "dark.fits"


def test_nobody_can_change_them() -> None:
    dark = named(master("dark", 7.5)).choose(FRAME).masters.dark
    assert dark is not None
    with pytest.raises(ValueError, match="read-only"):
        dark.pixels[0, 0] = 1


def test_a_key_tells_whether_there_are_any() -> None:
    assert named().choose(FRAME).key != named(master("bias", 1)).choose(FRAME).key


@pytest.mark.parametrize("kind", ["dark", "flat", "bias"])
def test_what_cannot_fit_is_refused(kind: Kind) -> None:
    with pytest.raises(CalibrationError, match=f"master_mismatch: master {kind}: size 10 x 12, the frame 12 x 10"):
        named(master(kind, 1, (12, 10))).choose(FRAME)


def test_doubts_are_warnings_but_not_for_a_bias_that_is_not_used() -> None:
    bias = master("bias", 1, gain_setting=300.0)
    told = named(bias).choose(FRAME).warnings
    assert told == ("bias bias.fits is used in spite of gain 300, the frame 100",)
    same = master("dark", 1, exposure_s=60.0, gain_setting=100.0)
    assert named(same, bias).choose(FRAME).warnings == ()
    other = master("dark", 1, exposure_s=61.5, gain_setting=100.0)
    assert named(other, bias).choose(FRAME).warnings == told
    assert named(other, bias, exposure_tolerance=0.05).choose(FRAME).warnings == ()


@pytest.mark.parametrize(
    ("setting", "kind", "facts", "words"),
    [
        ({"temperature_tolerance_c": 5.0}, "dark", {"temperature_c": -14.0}, "temperature -14 C, the frame -10 C"),
        ({"rotator_tolerance_deg": 90.0}, "flat", {"rotator_deg": 80.0}, "rotator 80 deg, the frame 0 deg"),
        (
            {"flat_max_age_days": 400.0},
            "flat",
            {"date_obs": DATE - timedelta(days=300)},
            "date 2023-10-15, the frame 2024-08-10",
        ),
    ],
)
def test_the_tolerances_are_settings(setting: dict[str, Any], kind: Kind, facts: dict[str, Any], words: str) -> None:
    made = master(kind, 1, **facts)
    assert named(made).choose(FRAME).warnings == (f"{kind} {kind}.fits is used in spite of {words}",)
    assert named(made, **setting).choose(FRAME).warnings == ()


def test_of_the_exposure_another_tells() -> None:
    assert named(master("dark", 1, exposure_s=5.0)).choose(FRAME).warnings == ()


def test_files_are_closed_with_the_chooser() -> None:
    def n_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()
    before = n_open()
    chooser = named(master("dark", 7.5))
    chooser.choose(FRAME)
    del chooser
    gc.collect()
    assert n_open() == before
