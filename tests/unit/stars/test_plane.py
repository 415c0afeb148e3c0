from __future__ import annotations

import numpy as np
import pytest

from indistack.stars.plane import bin_into, smooth_into
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, CfaPattern, FloatArray, FrameInfo, PixelArray


def binned(
    pixels: PixelArray,
    cfa: CfaPattern | None = None,
    zero: float = 0.0,
    step: float = 1.0,
    bad: BoolArray | None = None,
) -> FloatArray:
    out = np.empty((pixels.shape[0] // 2, pixels.shape[1] // 2), np.float32)
    with Workers(1) as workers:
        bin_into(out, CalibratedFrame(pixels, cfa, zero, step, bad, FrameInfo()), workers)
    return out


def test_a_cell_is_the_mean_of_its_four_photosites() -> None:
    pixels = np.array([[1, 3, 10, 10], [5, 7, 10, 10]], np.float32)
    np.testing.assert_array_equal(binned(pixels), [[4, 10]])  # (1 + 3 + 5 + 7) / 4


def test_the_pedestal_and_the_step_are_undone() -> None:
    pixels = np.full((2, 2), 150, np.uint16)
    np.testing.assert_array_equal(binned(pixels, "RGGB", 100, 0.5), [[25]])  # (150 - 100) * 0.5


def test_rgb_is_the_mean_of_the_channels() -> None:
    pixels = np.zeros((2, 2, 3), np.float32)
    pixels[...] = [3, 6, 12]
    np.testing.assert_allclose(binned(pixels), [[7]])


def test_an_odd_last_row_and_column_are_left_out() -> None:
    pixels = np.ones((5, 7), np.float32)
    pixels[4], pixels[:, 6] = 99, 99
    np.testing.assert_array_equal(binned(pixels), np.ones((2, 3)))


@pytest.mark.parametrize("marked", [True, False])
def test_a_cell_without_a_value_takes_the_mean_of_its_neighbours(marked: bool) -> None:
    pixels = np.full((6, 6), 8, np.float32)
    pixels[2, 3] = 5000 if marked else np.nan
    bad = np.zeros((6, 6), bool)
    bad[2, 3] = True
    np.testing.assert_array_equal(binned(pixels, bad=bad if marked else None), np.full((3, 3), 8))


def test_a_large_hole_takes_the_median_of_the_frame() -> None:
    pixels = np.full((40, 40), 8, np.float32)
    pixels[8:32, 8:32] = np.nan
    np.testing.assert_array_equal(binned(pixels), np.full((20, 20), 8))


def test_smoothing_in_strips_equals_smoothing_at_once() -> None:
    plane = np.random.default_rng(0).normal(0, 1, (150, 40)).astype(np.float32)
    out = np.empty_like(plane)
    with Workers(2) as workers:
        smooth_into(out, plane, workers)
        whole = np.empty((150, 40), np.float32)
        for row in range(150):  # each row from a window of its own
            window = np.ascontiguousarray(plane[max(row - 2, 0) : row + 3])
            piece = np.empty_like(window)
            smooth_into(piece, window, workers)
            whole[row] = piece[min(row, 2)]
    np.testing.assert_allclose(out, whole, rtol=1e-6)
    assert out.std() < 0.45  # sqrt(sum of squared weights) of a Gaussian of 0.85 px is 0.34
