from __future__ import annotations

import numpy as np
import pytest

from indistack.stars.stamps import cut, fits_inside
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo

ROWS, COLUMNS = np.mgrid[:20, :30]


def numbered(cfa: CfaPattern | None = None, **facts: float) -> CalibratedFrame:
    """Every pixel holds 100 times its row plus its column."""
    return CalibratedFrame((100 * ROWS + COLUMNS).astype(np.uint16), cfa, 0.0, 1.0, None, FrameInfo(**facts))


def test_photosites_stand_where_the_stamp_says() -> None:
    stamps = cut(numbered(), np.array([11.3, 14.0]), np.array([9.0, 8.7]), 3)
    expected = 100 * (stamps.y[:, None] + stamps.v) + stamps.x[:, None] + stamps.u
    np.testing.assert_array_equal(stamps.values, expected)


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_only_green_photosites_are_taken_of_a_cfa(cfa: CfaPattern) -> None:
    green = np.array([[letter == "G" for letter in cfa[:2]], [letter == "G" for letter in cfa[2:]]])
    stamps = cut(numbered(cfa), np.array([11.3, 14.0]), np.array([9.0, 8.7]), 3)
    row, column = np.divmod(stamps.values.astype(int), 100)
    assert green[row % 2, column % 2].all()
    assert stamps.values.shape[1] in (29, 32)  # half of the 61 within 3 px and the diagonal of one


def test_beyond_the_radius_nothing_is_usable() -> None:
    stamps = cut(numbered(), np.array([11.0]), np.array([9.0]), 2)
    place = np.hypot(stamps.u + stamps.x - 11, stamps.v + stamps.y - 9)
    np.testing.assert_array_equal(stamps.usable[0] > 0, place <= 2)


def test_bad_and_clipped_photosites_are_not_usable() -> None:
    frame = numbered(saturation_adu=911.0)
    bad = np.zeros((20, 30), bool)
    bad[8, 11] = True
    marked = CalibratedFrame(frame.pixels, None, 0.0, 1.0, bad, frame.info)
    stamps = cut(marked, np.array([11.0]), np.array([9.0]), 2)
    values = stamps.values[0][stamps.usable[0] > 0]
    assert 811 not in values
    assert values.max() == 910
    assert stamps.clipped[0]
    assert not cut(numbered(), np.array([11.0]), np.array([9.0]), 2).clipped[0]


def test_a_clipped_red_photosite_clips_the_star() -> None:
    pixels = np.full((20, 30), 100, np.uint16)
    pixels[8, 12] = 4000  # even row, even column: red
    frame = CalibratedFrame(pixels, "RGGB", 0.0, 1.0, None, FrameInfo(saturation_adu=4000))
    assert cut(frame, np.array([12.0]), np.array([9.0]), 3).clipped[0]


def test_rgb_is_the_mean_of_the_channels_and_the_step_is_undone() -> None:
    pixels = np.zeros((20, 30, 3), np.float32)
    pixels[...] = [10, 20, 60]
    frame = CalibratedFrame(pixels, None, 10.0, 2.0, None, FrameInfo())
    np.testing.assert_allclose(cut(frame, np.array([11.0]), np.array([9.0]), 2).values, 40)  # (30 - 10) * 2


def test_a_stamp_must_lie_wholly_inside() -> None:
    x = np.array([0.0, 4, 15, 28, 15, 15])
    y = np.array([10.0, 10, 10, 10, 1, 19])
    assert fits_inside(numbered(), x, y, 3).tolist() == [False, True, True, False, False, False]


def test_reach_need_not_be_whole_pixels() -> None:
    def photosites(reach: float) -> float:
        return float(cut(numbered(), np.array([11.0]), np.array([9.0]), 3, reach).usable.sum())

    assert [photosites(reach) for reach in (1.0, 1.4, 1.5, 2.0)] == [5, 5, 9, 13]
