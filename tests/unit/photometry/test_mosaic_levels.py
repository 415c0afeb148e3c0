"""The sky in the photosites of a mosaic."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.photometry import measure_mosaic
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo

SKY = {"R": 600.0, "G": 400.0, "B": 300.0}


def frame(cfa: CfaPattern | None, size: tuple[int, int] = (200, 240), noise: float = 10.0) -> CalibratedFrame:
    """Return a sky with a gradient, in stored units of half an ADU above 50."""
    sky = np.linspace(0, 100, size[1])[None] + np.random.default_rng(1).normal(0, noise, size)
    for place, colour in enumerate(cfa or ""):
        sky[place // 2 :: 2, place % 2 :: 2] += SKY[colour]
    return CalibratedFrame(np.asarray(2 * sky + 50, np.float32), cfa, 50.0, 0.5, None, FrameInfo())


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_levels_are_told_by_colour_whatever_the_pattern(cfa: CfaPattern) -> None:
    found = measure_mosaic(frame(cfa))
    assert found is not None
    assert found.adu == pytest.approx((175, -25, -25, -125), abs=4 * found.error_adu)  # less their mean, 425
    assert found.mean_adu == pytest.approx(425 + 50, abs=5)
    assert 0.01 < found.error_adu < 0.5


def test_what_is_no_mosaic_or_too_small_has_none() -> None:
    assert measure_mosaic(frame(None)) is None
    assert measure_mosaic(frame("RGGB", (34, 34))) is None
