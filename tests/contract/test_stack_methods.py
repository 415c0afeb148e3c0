"""What every stack method promises."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.errors import StackError
from indistack.stack import METHODS, StackMethod
from indistack.tiles import Tile

SHAPE = (12, 17)
WHOLE = (slice(0, 12), slice(0, 17))

LINEAR = ["mean"]
"""Methods whose stack of all is the weighted mean."""


@pytest.fixture(params=sorted(METHODS))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def subs(n: int, channels: int = 1, seed: int = 0) -> list[np.ndarray]:
    shape = SHAPE if channels == 1 else (*SHAPE, channels)
    rng = np.random.default_rng(seed)
    return [rng.normal(100, 10, shape).astype(np.float32) for _ in range(n)]


def stack_of(method: str, pictures: list[np.ndarray], weights: list[float] | None = None) -> StackMethod:
    stack = METHODS.get(method)(*SHAPE, pictures[0].shape[2] if pictures[0].ndim == 3 else 1)
    for picture, weight in zip(pictures, weights or [1.0] * len(pictures), strict=True):
        stack.update(Tile(*WHOLE, picture.copy(), weight))
        stack.count(10.0)
    return stack


@pytest.mark.parametrize("channels", [1, 3])
def test_identical_subs_give_the_sub_back(method: str, channels: int) -> None:
    picture = subs(1, channels)[0]
    result = stack_of(method, [picture] * 7).integration()
    np.testing.assert_allclose(result.pixels, picture, rtol=1e-6)
    assert result.n_subs == 7
    assert result.exposure_s == 70.0
    assert (result.coverage == 7).all()


def test_the_order_does_not_matter(method: str) -> None:
    pictures = subs(6)
    forward, backward = stack_of(method, pictures), stack_of(method, pictures[::-1])
    np.testing.assert_allclose(forward.integration().pixels, backward.integration().pixels, rtol=1e-5)


def test_reading_changes_nothing_and_hands_out_nothing_writable(method: str) -> None:
    stack = stack_of(method, subs(3))
    first = stack.integration()
    before = first.pixels.copy()
    for array in (first.pixels, first.weight, first.coverage):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    stack.integration()
    np.testing.assert_array_equal(stack.integration().pixels, before)


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 3])
def test_values_that_are_not_finite_never_enter(method: str, hole: float, channels: int) -> None:
    pictures = subs(3, channels)
    spoilt = [picture.copy() for picture in pictures]
    spoilt[1][4, 5] = hole
    result = stack_of(method, spoilt).integration()
    without = stack_of(method, [pictures[0], pictures[2]]).integration()
    assert np.isfinite(result.pixels).all()
    np.testing.assert_allclose(result.pixels[4, 5], without.pixels[4, 5], rtol=1e-6)
    assert result.coverage[4, 5] == 2
    assert result.coverage[0, 0] == 3


def test_an_uncovered_pixel_has_no_weight(method: str) -> None:
    stack = METHODS.get(method)(*SHAPE, 1)
    weight = np.ones(SHAPE, np.float32)
    weight[:, :5] = 0
    stack.update(Tile(*WHOLE, np.full(SHAPE, 50, np.float32), weight))
    stack.count(1.0)
    result = stack.integration()
    assert not result.weight[:, :5].any()
    assert not result.coverage[:, :5].any()
    assert (result.pixels[:, 5:] == 50).all()


def test_partly_covering_subs_count_only_where_they_are(method: str) -> None:
    stack = METHODS.get(method)(*SHAPE, 3)
    weight = np.ones(SHAPE, np.float32)
    weight[:3] = 0
    stack.update(Tile(*WHOLE, np.full((*SHAPE, 3), 10, np.float32), 1.0))
    stack.update(Tile(*WHOLE, np.full((*SHAPE, 3), 10, np.float32), weight))
    stack.update(Tile(*WHOLE, np.full((*SHAPE, 3), 10, np.float32), 1.0))
    result = stack.integration()
    np.testing.assert_allclose(result.pixels, 10)
    assert (result.coverage[:3] == 2).all()
    assert (result.coverage[3:] == 3).all()


def test_merging_parts_equals_the_stack_of_all(method: str) -> None:
    pictures = subs(9, 3)
    whole = stack_of(method, pictures).integration()
    part, rest = stack_of(method, pictures[:4]), stack_of(method, pictures[4:])
    part.merge(rest)
    merged = part.integration()
    np.testing.assert_allclose(merged.pixels, whole.pixels, rtol=1e-6)
    np.testing.assert_allclose(merged.weight, whole.weight)
    assert (merged.n_subs, merged.exposure_s) == (whole.n_subs, whole.exposure_s)


def test_a_stack_of_another_shape_is_not_merged_and_the_stack_lives_on(method: str) -> None:
    stack = stack_of(method, subs(2))
    before = stack.integration().pixels.copy()
    with pytest.raises(StackError, match=r"\(5, 5\)"):
        stack.merge(METHODS.get(method)(5, 5, 1))
    np.testing.assert_array_equal(stack.integration().pixels, before)


@pytest.mark.parametrize("name", LINEAR)
def test_running_equals_batch_numpy(name: str) -> None:
    pictures, weights = subs(25, 3), list(np.random.default_rng(5).uniform(0.2, 3, 25))
    expected = np.average(np.stack(pictures).astype(np.float64), axis=0, weights=weights)
    np.testing.assert_allclose(stack_of(name, pictures, weights).integration().pixels, expected, rtol=2e-6)


def test_the_mean_keeps_its_precision_over_ten_thousand_subs() -> None:
    stack = METHODS.get("mean")(2, 2, 1)
    for value in np.random.default_rng(1).normal(60000, 5, 10_000).astype(np.float32):
        stack.update(Tile(slice(0, 2), slice(0, 2), np.full((2, 2), value, np.float32), 1.0))
    expected = np.random.default_rng(1).normal(60000, 5, 10_000).astype(np.float32).astype(np.float64).mean()
    assert stack.integration().pixels[0, 0] == pytest.approx(expected, abs=0.05)
