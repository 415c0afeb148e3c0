"""The mean with a weight for every colour, as drizzled subs have it, and subs taken out again."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.errors import StackError
from indistack.raster.tiles import Tile
from indistack.stack import METHODS, Extent, MethodSettings

SHAPE = (6, 8, 3)
WHOLE = (slice(0, 6), slice(0, 8))
OWN = Extent(6, 8, 3, own_weights=True)


def drizzled(n: int) -> list[Tile]:
    rng = np.random.default_rng(4)
    tiles = []
    for _ in range(n):
        weight = rng.uniform(0.5, 2, SHAPE).astype(np.float32) * (rng.random(SHAPE) < 0.4)
        tiles.append(Tile(*WHOLE, rng.normal(100, 10, SHAPE).astype(np.float32), weight.astype(np.float32)))
    return tiles


def average(tiles: list[Tile]) -> tuple[np.ndarray, np.ndarray]:
    weights = np.stack([tile.weight for tile in tiles]).astype(np.float64)
    total = weights.sum(axis=0)
    return (weights * [tile.pixels for tile in tiles]).sum(axis=0) / np.where(total > 0, total, 1), total


def test_each_colour_is_the_mean_of_what_was_dropped_on_it() -> None:
    tiles = drizzled(6)
    stack = METHODS.get("mean")(OWN, MethodSettings())
    for tile in tiles:
        stack.update(tile)
    result = stack.integration()
    expected, total = average(tiles)
    assert (total == 0).any()
    np.testing.assert_allclose(result.weight, total, rtol=1e-5)
    np.testing.assert_allclose(result.pixels[total > 0], expected[total > 0], rtol=1e-5)
    np.testing.assert_array_equal(result.coverage, sum(np.any(tile.weight > 0, axis=2) for tile in tiles))


def test_drizzled_subs_can_be_removed_and_merged() -> None:
    tiles = drizzled(8)
    stack, other = (METHODS.get("mean")(OWN, MethodSettings()) for _ in range(2))
    for tile in tiles[:5]:
        stack.update(tile)
    for tile in tiles[5:]:
        other.update(tile)
    stack.merge(other)
    stack.remove(tiles[2])
    expected, total = average(tiles[:2] + tiles[3:])
    result = stack.integration()
    np.testing.assert_array_equal(result.weight > 0, total > 0)
    np.testing.assert_allclose(result.pixels[total > 0], expected[total > 0], rtol=1e-5)


def test_one_colour_that_is_not_finite_does_not_keep_the_others_out() -> None:
    stack = METHODS.get("mean")(OWN, MethodSettings())
    pixels = np.full(SHAPE, 5, np.float32)
    pixels[2, 3, 1] = np.nan
    stack.update(Tile(*WHOLE, pixels, np.ones(SHAPE, np.float32)))
    np.testing.assert_array_equal(stack.integration().weight[2, 3], (1, 0, 1))
    assert np.isfinite(stack.integration().pixels).all()


def test_other_methods_say_that_they_need_all_colours() -> None:
    for name in sorted(set(METHODS) - {"mean", "addcomp"}):
        with pytest.raises(StackError, match="drizzled"):
            METHODS.get(name)(OWN, MethodSettings())


def test_a_long_night_of_adding_and_removing_keeps_its_precision() -> None:
    stack = METHODS.get("mean")(Extent(1, 1), MethodSettings())
    values = np.random.default_rng(2).normal(30000, 50, 2000).astype(np.float32)
    tiles = [Tile(slice(0, 1), slice(0, 1), np.full((1, 1), value, np.float32), 1.0) for value in values]
    for n, tile in enumerate(tiles):
        stack.update(tile)
        if n >= 20:
            stack.remove(tiles[n - 20])
    assert stack.integration().pixels[0, 0] == pytest.approx(values[-20:].mean(dtype=np.float64), rel=1e-5)
    assert stack.integration().coverage[0, 0] == 20


def test_a_pixel_that_loses_its_only_sub_is_uncovered_again() -> None:
    stack = METHODS.get("mean")(Extent(1, 1), MethodSettings())
    tiles = [Tile(slice(0, 1), slice(0, 1), np.full((1, 1), value, np.float32), w) for value, w in ((5, 0.3), (7, 0.1))]
    for tile in tiles:
        stack.update(tile)
    for tile in tiles:
        stack.remove(tile)
    result = stack.integration()
    assert (result.weight[0, 0], result.coverage[0, 0]) == (0, 0)
