"""Masters that the user named."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from indistack.calibrate import Master, Masters, NamedMasters
from indistack.errors import CalibrationError
from indistack.frame import FrameInfo, Kind, RawFrame

SHAPE = (10, 12)
FRAME = RawFrame(np.zeros(SHAPE, np.uint16), "RGGB", FrameInfo(exposure_s=60.0, gain_setting=100.0))


def master(kind: Kind, level: float, shape: tuple[int, ...] = SHAPE, **facts: float) -> Master:
    return Master(np.full(shape, level, np.float32), kind, None, FrameInfo(**facts), 10, f"{kind}.fits")  # type: ignore[arg-type]


def test_every_choice_has_the_same_pixels() -> None:
    chooser = NamedMasters(Masters(master("dark", 7.5), master("flat", 3.0)))
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
    dark = NamedMasters(Masters(master("dark", 7.5))).choose(FRAME).masters.dark
    assert dark is not None
    with pytest.raises(ValueError, match="read-only"):
        dark.pixels[0, 0] = 1


def test_a_key_tells_whether_there_are_any() -> None:
    assert NamedMasters(Masters()).choose(FRAME).key != NamedMasters(Masters(master("bias", 1))).choose(FRAME).key


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(CalibrationError, match="10 x 12"):
        NamedMasters(Masters(master("dark", 1, (12, 10)))).choose(FRAME)


def test_doubts_are_warnings_but_not_for_a_bias_that_is_not_used() -> None:
    bias = master("bias", 1, gain_setting=300.0)
    told = NamedMasters(Masters(bias=bias)).choose(FRAME).warnings
    assert told == ("bias has gain 300, the frame 100",)
    same = Masters(master("dark", 1, exposure_s=60.0, gain_setting=100.0), bias=bias)
    assert NamedMasters(same).choose(FRAME).warnings == ()
    scaled = Masters(master("dark", 1, exposure_s=30.0, gain_setting=100.0), bias=bias)
    assert NamedMasters(scaled).choose(FRAME).warnings == told


def test_files_are_closed_with_the_chooser() -> None:
    def n_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()
    before = n_open()
    chooser = NamedMasters(Masters(master("dark", 7.5)))
    chooser.choose(FRAME)
    del chooser
    gc.collect()
    assert n_open() == before
