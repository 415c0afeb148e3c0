"""Where the blocks lie, and what is read in them."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.photometry.sky_blocks import block_centres, block_corners, block_side, block_values
from indistack.values.frame import CalibratedFrame, FrameInfo, PixelArray


def frame(pixels: PixelArray, bad: np.ndarray | None = None) -> CalibratedFrame:
    return CalibratedFrame(pixels, None, zero=0.0, step_adu=1.0, bad=bad, info=FrameInfo())


@pytest.mark.parametrize("shape", [(64, 100), (31, 500), (2, 2), (33, 67), (1000, 1537)])
def test_blocks_are_even_lie_inside_and_apart(shape: tuple[int, int]) -> None:
    picture = frame(np.zeros(shape, np.float32))
    side = block_side(picture)
    corners = block_corners(block_centres(picture), side)
    assert side % 2 == 0
    assert (corners % 2 == 0).all()
    assert (corners >= 0).all()
    assert (corners + side <= (picture.width, picture.height)).all()
    for column in corners.T:
        assert (np.diff(np.unique(column)) >= side).all()


def test_each_channel_is_read_where_the_block_lies() -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint16).reshape(6, 8, 3)
    values = block_values(frame(pixels), np.array([[0, 0], [4, 2]]), 2)
    assert values.shape == (2, 3, 2, 2)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[1], pixels[2:4, 4:6].transpose(2, 0, 1))


def test_what_is_not_to_be_used_is_nan_and_the_frame_stays_as_it_is() -> None:
    pixels, bad = np.ones((4, 4), np.float32), np.zeros((4, 4), bool)
    pixels[1, 2], pixels[2, 2], bad[3, 0] = np.inf, np.nan, True
    values = block_values(frame(pixels, bad), np.array([[0, 0]]), 4)
    assert np.argwhere(np.isnan(values[0, 0])).tolist() == [[1, 2], [2, 2], [3, 0]]
    assert pixels[1, 2] == np.inf
    assert pixels[3, 0] == 1
