"""Colours of drizzled pixels: the drops around speak for what no drop has reached."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.picture.linear import STRIP_ROWS
from indistack.picture.sparse import SparsePicture, filled

COLOURS = np.array([900.0, 500.0, 300.0], np.float32)
HEIGHT, WIDTH = 2 * STRIP_ROWS + 22, 80


def drops(scale: int) -> np.ndarray:
    """Weights that one RGGB sub gives to a grid of that scale."""
    weight = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for y, x, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        weight[scale * y :: 2 * scale, scale * x :: 2 * scale, channel] = 2.5
    return weight


def ramp() -> np.ndarray:
    return np.asarray(COLOURS + np.arange(HEIGHT, dtype=np.float32)[:, np.newaxis, np.newaxis] + np.zeros((WIDTH, 1)))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_single_sub_gives_a_whole_picture_in_its_colours(scale: int) -> None:
    weight, truth = drops(scale), ramp()
    pixels = np.where(weight > 0, truth, 77_777).astype(np.float32)
    picture = SparsePicture(pixels, weight).rows(slice(None))
    known = weight > 0
    np.testing.assert_array_equal(picture[known], pixels[known])
    np.testing.assert_allclose(picture, truth, atol=3.01)


def test_strips_strides_and_copies_show_the_same_picture() -> None:
    weight = drops(2)
    pixels = np.random.default_rng(1).normal(COLOURS, 30, weight.shape).astype(np.float32)
    whole = filled(pixels, weight)
    picture = SparsePicture(pixels, weight)
    np.testing.assert_allclose(picture.rows(slice(None)), whole, rtol=1e-5)
    np.testing.assert_allclose(picture.rows(slice(5, None, 3)), whole[5::3], rtol=1e-5)
    np.testing.assert_allclose(picture.rows(slice(60, 70)), whole[60:70], rtol=1e-5)
    np.testing.assert_allclose(picture.copy().rows(slice(None)), whole, rtol=1e-5)
    assert picture.rows(slice(7, 7)).shape == (0, WIDTH, 3)


def test_what_lies_too_far_from_any_drop_of_one_colour_is_not_covered_at_all() -> None:
    weight = drops(1)
    weight[:, 40:, 0] = 0
    picture = filled(ramp().astype(np.float32), weight)
    assert np.isfinite(picture[:, :41]).all()
    assert np.isnan(picture[:, 42:]).all()


def test_drops_that_count_more_say_more() -> None:
    weight = np.zeros((7, 7, 3), np.float32)
    pixels = np.zeros((7, 7, 3), np.float32)
    weight[3, 1], weight[3, 5] = 3.0, 1.0
    pixels[3, 1], pixels[3, 5] = 100.0, 200.0
    np.testing.assert_allclose(filled(pixels, weight)[3, 3], 125.0, rtol=1e-5)
