"""Hot pixels of debayered pictures, and stars that are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Calibrator, Masters, NamedMasters
from indistack.calibrate.defects.spots import mend_spots
from indistack.system.workers import Workers
from indistack.values.frame import FrameInfo, RawFrame

CROSS = np.array([[0, 0.26, 0], [0.26, 1, 0.26], [0, 0.26, 0]])
"""A hot green pixel after bilinear debayering."""
SKY, NOISE = 10.0, 1.5


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def sky() -> np.ndarray:
    return np.random.default_rng(3).normal(SKY, NOISE, (160, 200, 3)).astype(np.float32)


def with_spot(y: int, x: int, colour: int, height: float = 200.0) -> np.ndarray:
    pixels = sky()
    pixels[y - 1 : y + 2, x - 1 : x + 2, colour] += height * CROSS
    return pixels


@pytest.mark.parametrize("colour", [0, 1, 2])
@pytest.mark.parametrize(("y", "x"), [(80, 100), (63, 40), (64, 41), (4, 4), (155, 195)])
def test_a_spot_of_one_colour_is_taken_out(workers: Workers, y: int, x: int, colour: int) -> None:
    pixels = with_spot(y, x, colour)
    assert mend_spots(pixels, workers) == 1
    assert np.abs(pixels - SKY).max() < 6 * NOISE
    untouched = pixels == sky()
    assert np.count_nonzero(~untouched) <= 9


@pytest.mark.parametrize("ratio", [(1.0, 1.0, 1.0), (1.0, 0.4, 0.15), (0.3, 0.5, 1.0)])
@pytest.mark.parametrize("fwhm_px", [1.5, 2.5, 4.0])
def test_a_star_however_red_and_sharp_stays(workers: Workers, fwhm_px: float, ratio: tuple[float, ...]) -> None:
    y, x = np.mgrid[:160, :200]
    light = np.exp(-((x - 90.3) ** 2 + (y - 70.2) ** 2) / (2 * (fwhm_px / 2.3548) ** 2))
    pixels = (sky() + 230 * light[..., np.newaxis] * np.array(ratio)).astype(np.float32)
    before = pixels.copy()
    assert mend_spots(pixels, workers) == 0
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_picture_is_mended_where_hot_pixels_are_to_be(workers: Workers, wanted: bool) -> None:
    settings = CalibrateSettings() if wanted else CalibrateSettings(hot_pixels=False)
    raw = RawFrame(np.clip(np.rint(with_spot(80, 100, 1)), 0, 255).astype(np.uint8), None, FrameInfo())
    frame = Calibrator(settings, NamedMasters(Masters(), settings), workers).calibrate(raw)
    adu = (frame.pixels - frame.zero) * frame.step_adu
    assert (adu[80, 100, 1] < 30) == wanted
