"""The six classic methods against the numbers that the originals gave."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.tiles import Tile
from tests.unit.stack.scenes import make

METHODS = ("add", "add2", "addmax", "addmean", "addcomp")


def stack_of(method: str, values: list[float], full_scale_adu: float = 65535.0) -> float:
    stack = make(method, np.zeros((1, 1)), full_scale_adu)
    for value in values:
        stack.update(Tile(slice(0, 1), slice(0, 1), np.full((1, 1), value * full_scale_adu, np.float32), 1.0))
        stack.count(1.0)
    return float(stack.integration().pixels[0, 0]) / full_scale_adu


@pytest.mark.parametrize("full_scale_adu", [1.0, 65535.0])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1] * 6, (0.6, 0.6, 0.1, 0.1, 0.1)),
        ([0.1, 0.1, 0.9, 0.1, 0.1, 0.1], (1.0, 0.5, 0.9, 0.15, 0.2333)),
        ([0.1] * 5 + [0.9], (1.0, 0.5, 0.9, 0.5, 0.2333)),
        ([0.2, 0, 0.2, 0, 0.2, 0], (0.6, 0.6, 0.2, 0.2, 0.1)),
    ],
)
def test_the_expected_numbers(values: list[float], expected: tuple[float, ...], full_scale_adu: float) -> None:
    found = [stack_of(method, values, full_scale_adu) for method in METHODS]
    assert found == pytest.approx(expected, abs=5e-5)


def test_addmax_takes_each_colour_for_itself() -> None:
    stack = make("addmax", np.zeros((1, 1, 3)))
    for colour in ((9, 1, 8), (1, 7, 2)):
        stack.update(Tile(slice(0, 1), slice(0, 1), np.array([[colour]], np.float32), 1.0))
    np.testing.assert_array_equal(stack.integration().pixels[0, 0], (9, 7, 8))


def test_addmax2_shows_its_greatest_value_at_full_scale_and_black_as_black() -> None:
    stack = make("addmax2", np.zeros((1, 2, 3)), 1000.0)
    black = np.zeros((1, 2, 3), np.float32)
    stack.update(Tile(slice(0, 1), slice(0, 2), black, 1.0))
    assert not stack.integration().pixels.any()
    stack.update(Tile(slice(0, 1), slice(0, 2), black + np.array([1, 2, 4], np.float32), 1.0))
    np.testing.assert_allclose(stack.integration().pixels[0, 0], (250, 500, 1000))
    stack.update(Tile(slice(0, 1), slice(0, 2), black + 8, 1.0))
    np.testing.assert_allclose(stack.integration().pixels[0, 0], (1000, 1000, 1000))


def test_addcomp_counts_all_subs_alike() -> None:
    stack = make("addcomp", np.zeros((1, 1)))
    for value, weight in ((10.0, 1.0), (40.0, 9.0)):
        stack.update(Tile(slice(0, 1), slice(0, 1), np.full((1, 1), value, np.float32), weight))
    assert stack.integration().pixels[0, 0] == pytest.approx(25)
