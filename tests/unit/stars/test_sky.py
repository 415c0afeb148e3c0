from __future__ import annotations

import numpy as np
import pytest

from indistack.stars.sky import LuminanceSky, measure_sky
from indistack.values.frame import CalibratedFrame, FrameInfo, PixelArray


def sky(pixels: PixelArray, **parts: object) -> LuminanceSky:
    facts = {"cfa": None, "zero": 0.0, "step_adu": 1.0, "bad": None, "info": FrameInfo()} | parts
    return measure_sky(CalibratedFrame(pixels=pixels, **facts))  # type: ignore[arg-type]


def test_level_and_noise_of_a_plain_sky() -> None:
    pixels = np.random.default_rng(0).normal(500, 20, (300, 400)).astype(np.float32)
    found = sky(pixels)
    assert found.level_adu == pytest.approx(500, abs=1)
    assert found.noise_adu == pytest.approx(20, rel=0.05)


def test_a_gradient_is_no_noise() -> None:
    pixels = np.random.default_rng(0).normal(500, 2, (300, 400)) + np.arange(400) * 3
    assert sky(pixels.astype(np.float32)).noise_adu == pytest.approx(2, rel=0.05)
    assert sky(pixels.astype(np.uint16), cfa="GRBG").noise_adu == pytest.approx(2, rel=0.15)


def test_of_a_cfa_the_green_sky_counts_in_adu() -> None:
    pixels = np.empty((200, 200), np.uint16)
    pixels[0::2, 0::2], pixels[1::2, 1::2] = 5000, 9000
    pixels[0::2, 1::2] = pixels[1::2, 0::2] = 1100
    assert sky(pixels, cfa="RGGB", zero=100.0, step_adu=0.5).level_adu == 500


def test_rounding_to_whole_numbers_bounds_the_noise_from_below() -> None:
    pixels = np.full((100, 100), 3, np.float32)
    pixels[::10, ::10] = 4
    assert sky(pixels).noise_adu == pytest.approx(1 / np.sqrt(12))
    assert sky(pixels).step_adu == 1


def test_a_constant_frame_has_no_noise_and_one_without_a_pixel_no_level() -> None:
    assert sky(np.full((50, 50), 3, np.float32)) == LuminanceSky(3.0, 0.0, 0.0)
    assert sky(np.full((50, 50), np.nan, np.float32)) == LuminanceSky(0.0, 0.0, 0.0)


def test_bad_pixels_and_nans_are_left_out() -> None:
    pixels = np.random.default_rng(0).normal(500, 20, (300, 400)).astype(np.float32)
    bad = np.zeros(pixels.shape, bool)
    bad[:, ::3] = True
    pixels[bad] = 60000
    pixels[:, 1::3] = np.where(np.arange(300)[:, None] % 5 == 0, np.nan, pixels[:, 1::3])
    assert sky(pixels, bad=bad).level_adu == pytest.approx(500, abs=2)
