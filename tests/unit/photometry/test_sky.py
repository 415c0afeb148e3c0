"""The sky in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.photometry.sky import measure_sky_levels, sky_levels
from indistack.photometry.sky_blocks import BLOCKS_PER_SIDE
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo

CENTRE = np.array([[64.0, 64.0]])


def frame(pixels: np.ndarray, cfa: CfaPattern | None = None, **parts: Any) -> CalibratedFrame:
    facts = {"zero": 0.0, "step_adu": 1.0, "bad": None, "info": FrameInfo()} | parts
    return CalibratedFrame(pixels, cfa, **facts)


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_each_colour_of_a_cfa_has_its_own_level_in_adu(cfa: CfaPattern) -> None:
    stored = np.empty((128, 128), np.uint16)
    for place, colour in enumerate(cfa):
        stored[place // 2 :: 2, place % 2 :: 2] = {"R": 300, "G": 500, "B": 700}[colour]
    levels = sky_levels(frame(stored, cfa, zero=100.0, step_adu=0.5), CENTRE)
    assert levels.tolist() == [[100.0, 200.0, 300.0]]


def test_mono_and_rgb_have_their_channels() -> None:
    assert sky_levels(frame(np.full((128, 128), 7, np.float32)), CENTRE).tolist() == [[7.0]]
    rgb = np.broadcast_to(np.array([1, 2, 3], np.float32), (128, 128, 3)).copy()
    assert sky_levels(frame(rgb), CENTRE).tolist() == [[1.0, 2.0, 3.0]]


def test_stars_and_hot_pixels_do_not_raise_it() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.normal(500, 10, (128, 128)).astype(np.float32)
    plain = sky_levels(frame(pixels), CENTRE)[0, 0]
    pixels[60:68, 60:68] += 5000
    assert sky_levels(frame(pixels), CENTRE)[0, 0] == pytest.approx(plain, abs=2)
    assert plain == pytest.approx(500, abs=1)


def test_it_is_finer_than_the_steps_of_the_camera() -> None:
    rng = np.random.default_rng(2)
    coarse = (np.rint(rng.normal(1003.0, 20, (512, 512)) / 16) * 16).astype(np.float32)
    assert np.median(measure_sky_levels(frame(coarse)).level_adu) == pytest.approx(1003, abs=0.5)


def test_bad_pixels_are_left_out() -> None:
    pixels, bad = np.full((128, 128), 10, np.float32), np.zeros((128, 128), bool)
    pixels[:, 60:70], bad[:, 60:70] = 9999, True
    assert sky_levels(frame(pixels, bad=bad), CENTRE)[0, 0] == 10
    bad[:, 50:70] = True
    assert np.isnan(sky_levels(frame(pixels, bad=bad), CENTRE)[0, 0])


def test_outside_there_is_no_sky() -> None:
    levels = sky_levels(frame(np.ones((128, 128), np.float32)), np.array([[-3.0, 64.0], [64.0, 120.0], [64.0, 64.0]]))
    assert np.isnan(levels[:, 0]).tolist() == [True, True, False]


@pytest.mark.parametrize("shape", [(2, 2), (31, 500), (33, 20)])
def test_small_frames_have_a_sky(shape: tuple[int, int]) -> None:
    assert np.isfinite(measure_sky_levels(frame(np.ones(shape, np.float32))).level_adu).any()


def test_blocks_are_spread_evenly() -> None:
    sky = measure_sky_levels(frame(np.ones((1000, 2000), np.float32)))
    assert len(sky.xy) == BLOCKS_PER_SIDE**2
    assert sky.xy.mean(axis=0).tolist() == pytest.approx([999.5, 499.5])
    assert np.isfinite(sky.level_adu).all()
