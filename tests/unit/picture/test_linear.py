"""Pictures that are read in strips, or binned."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.picture.linear import STRIP_ROWS, StackPicture, binning_for, grid_of, levels_of, sky_of

RNG = np.random.default_rng(5)


def picture(height: int, width: int, *channels: int, own_weights: bool = False) -> StackPicture:
    """Noise; a tenth of the pixels, of each colour by itself where these have weights of their own, is not covered."""
    pixels = RNG.normal(100, 10, (height, width, *channels)).astype(np.float32)
    weight = (RNG.random(pixels.shape if own_weights else (height, width)) > 0.1).astype(np.float32)
    return StackPicture(pixels, weight)


def whole(of: StackPicture) -> np.ndarray:
    weight = of.weight if of.weight is None or of.weight.ndim == of.pixels.ndim else of.weight[..., np.newaxis]
    return np.where(weight > 0, of.pixels, np.nan)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("own_weights", [False, True])
def test_rows_are_nan_where_nothing_covers(channels: tuple[int, ...], own_weights: bool) -> None:
    one = picture(20, 30, *channels, own_weights=own_weights)
    np.testing.assert_array_equal(one.rows(slice(5, 9)), whole(one)[5:9])


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("factor", [2, 3])
def test_binning_is_the_mean_of_the_covered_pixels(channels: tuple[int, ...], factor: int) -> None:
    one = picture(2 * STRIP_ROWS * factor + 7, 40, *channels)
    height, width = one.shape[0] // factor, one.shape[1] // factor
    blocks = whole(one)[: height * factor, : width * factor].reshape(height, factor, width, factor, *channels)
    np.testing.assert_allclose(one.binned(factor), np.nanmean(blocks, axis=(1, 3)), rtol=1e-5)


def test_a_block_without_a_covered_pixel_is_nan() -> None:
    one = StackPicture(np.ones((4, 4), np.float32), np.ones((4, 4), np.float32))
    one.weight[:2, :2] = 0  # type: ignore[index]
    np.testing.assert_array_equal(np.isnan(one.binned(2)), [[True, False], [False, False]])


@pytest.mark.parametrize("max_side_px", [0, 25])
def test_a_copy_does_not_change_any_more(max_side_px: int) -> None:
    one = picture(100, 60, 3)
    copy = one.copy(max_side_px)
    assert copy.shape == ((25, 15, 3) if max_side_px else (100, 60, 3))
    before = copy.rows(slice(None)).copy()
    one.pixels[:] = 0
    np.testing.assert_array_equal(copy.rows(slice(None)), before)


@pytest.mark.parametrize(("max_side_px", "binning"), [(0, 1), (6000, 1), (5999, 2), (3000, 2), (2000, 3)])
def test_the_least_binning_that_fits(max_side_px: int, binning: int) -> None:
    assert binning_for((4000, 6000, 3), max_side_px) == binning


def test_a_sample_covers_the_whole_picture() -> None:
    ramp = np.arange(1200, dtype=np.float32)[:, np.newaxis] + np.zeros((1, 1500), np.float32)
    values = grid_of(StackPicture(ramp))
    assert 300_000 < values.size < 700_000
    assert values.min() < 5
    assert values.max() > 1195


def test_the_sky_is_found_beside_a_nebula_that_fills_most_of_the_field() -> None:
    field = RNG.normal((100, 200), 10, (320, 400, 2)).astype(np.float32)
    field[:, 100:] += (300, 20)
    field[::7, ::7] += 5000
    field[:40] = np.nan
    np.testing.assert_allclose(sky_of(levels_of(field)), (100, 200), atol=1)


@pytest.mark.parametrize(("side", "sky"), [(10, 7.0), (0, 0.0)])
def test_a_small_or_empty_field_has_a_sky_too(side: int, sky: float) -> None:
    field = np.full((20, 20, 3), np.nan, np.float32)
    field[:side, :side] = 7
    np.testing.assert_array_equal(sky_of(levels_of(field)), [sky] * 3)


def test_a_picture_is_scaled_by_any_ratio() -> None:
    """One and a half pixels make one; a last one is not reached; what is not covered does not count."""
    row, column = np.array([2.0, 4, 6, 8, 99]), np.ones(4)
    weight = np.ones((4, 5), np.float32)
    assert StackPicture(np.outer(column, row).astype(np.float32), weight).scaled(2, 2, 1.5).pixels == pytest.approx(
        np.array([[(2 + 4 / 2) / 1.5, (4 / 2 + 6) / 1.5]] * 2)
    )
    weight[:, 0] = 0
    scaled = StackPicture(np.outer(column, row).astype(np.float32), weight).scaled(2, 2, 1.5)
    assert scaled.pixels == pytest.approx(np.array([[4.0, (4 / 2 + 6) / 1.5]] * 2))
