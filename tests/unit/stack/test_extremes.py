"""The brightest and the darkest of all subs."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.tiles import Tile
from indistack.stack import StackMethod
from tests.unit.stack.scenes import make


def stack_of(method: str, *colours: tuple[float, float, float], by: str = "luminance") -> StackMethod:
    stack = make(method, np.zeros((1, 1, 3)), by=by)
    for colour in colours:
        stack.update(Tile(slice(0, 1), slice(0, 1), np.array([[colour]], np.float32), 1.0))
    return stack


@pytest.mark.parametrize(
    ("method", "by", "expected"),
    [
        ("maximum", "luminance", (9, 1, 8)),
        ("maximum", "channel", (9, 7, 8)),
        ("minimum", "luminance", (1, 7, 2)),
        ("minimum", "channel", (1, 1, 2)),
    ],
)
def test_by_luminance_the_colours_stay_together(method: str, by: str, expected: tuple[float, ...]) -> None:
    result = stack_of(method, (9, 1, 8), (1, 7, 2), by=by).integration()
    np.testing.assert_array_equal(result.pixels[0, 0], expected)


@pytest.mark.parametrize("method", ["maximum", "minimum"])
def test_the_first_sub_wins_ties(method: str) -> None:
    result = stack_of(method, (1, 2, 3), (3, 2, 1)).integration()
    np.testing.assert_array_equal(result.pixels[0, 0], (1, 2, 3))


def test_negative_values_are_brightest_too_where_there_is_nothing_else() -> None:
    result = stack_of("maximum", (-5, -5, -5)).integration()
    np.testing.assert_array_equal(result.pixels[0, 0], (-5, -5, -5))


def test_stars_on_a_diagonal_stay_with_the_maximum_and_pale_in_the_mean() -> None:
    stacks = {method: make(method, np.zeros((4, 4))) for method in ("maximum", "mean")}
    for n in range(4):
        picture = np.zeros((4, 4), np.float32)
        picture[n, n] = 1
        for stack in stacks.values():
            stack.update(Tile(slice(0, 4), slice(0, 4), picture.copy(), 1.0))
    np.testing.assert_array_equal(stacks["maximum"].integration().pixels, np.eye(4))
    np.testing.assert_allclose(stacks["mean"].integration().pixels, np.eye(4) / 4, rtol=1e-6)
