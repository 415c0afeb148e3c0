"""What every stack method promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from indistack.errors import StackError
from indistack.picture.integration import Integration
from indistack.raster.tiles import Cube, Tile
from indistack.stack import METHODS, Extent, MethodSettings, StackMethod

SHAPE = (12, 17)
WHOLE = (slice(0, 12), slice(0, 17))

OF_IDENTICAL = {
    "sum": lambda sub, n: n * sub,
    "add": lambda sub, n: n * sub,
    "add2": lambda sub, n: n * sub,
    "subtract": lambda sub, n: (2 - n) * sub,
    "multiply": lambda sub, n: sub * (sub / 65535.0) ** (n - 1),
    "addmax2": lambda sub, n: sub * 65535.0 / sub.max(),
}
"""What a stack of n identical subs is, where it is not the sub."""

IN_NUMPY = {
    "mean": lambda cube, weights: np.average(cube, axis=0, weights=weights),
    "addcomp": lambda cube, weights: cube.mean(axis=0),
    "median": lambda cube, weights: np.median(cube, axis=0),
    "sum": lambda cube, weights: cube.sum(axis=0),
    "add": lambda cube, weights: cube.sum(axis=0),
    "add2": lambda cube, weights: cube.sum(axis=0),
    "subtract": lambda cube, weights: 2 * cube[0] - cube.sum(axis=0),
    "multiply": lambda cube, weights: cube.prod(axis=0) / 65535.0 ** (len(cube) - 1),
    "addmax": lambda cube, weights: cube.max(axis=0),
    "addmax2": lambda cube, weights: cube.max(axis=0) * 65535.0 / cube.max(),
    "maximum": lambda cube, weights: _of_extreme_luminance(cube, np.argmax),
    "trails": lambda cube, weights: _of_extreme_luminance(cube, np.argmax),
    "minimum": lambda cube, weights: _of_extreme_luminance(cube, np.argmin),
}
"""The methods that are one line of NumPy; the others have tests of their own."""


def _of_extreme_luminance(cube: np.ndarray, best: Any) -> np.ndarray:
    return np.take_along_axis(cube, best(cube.mean(axis=3), axis=0)[np.newaxis, ..., np.newaxis], axis=0)[0]


@pytest.fixture(params=sorted(METHODS))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def subs(n: int, channels: int = 1, seed: int = 0) -> list[np.ndarray]:
    shape = SHAPE if channels == 1 else (*SHAPE, channels)
    rng = np.random.default_rng(seed)
    return [rng.normal(100, 10, shape).astype(np.float32) for _ in range(n)]


def empty(method: str, channels: int = 1, **settings: Any) -> StackMethod:
    return METHODS.get(method)(Extent(*SHAPE, channels), MethodSettings(**settings))


Weight = float | np.ndarray


def add(stack: StackMethod, before: Sequence[np.ndarray], picture: np.ndarray, weights: Sequence[Weight]) -> None:
    """Add one more sub, as a stack gets it: together with those before it during its opening, then alone."""
    if stack.tally.n_subs < stack.opening:
        planes = [np.broadcast_to(np.float32(weight), SHAPE) for weight in weights]
        stack.combine(Cube(*WHOLE, np.stack([*before, picture]), np.stack(planes)))
    else:
        stack.update(Tile(*WHOLE, picture.copy(), weights[-1]))
    stack.count(10.0)


def stack_of(
    method: str, pictures: Sequence[np.ndarray], weights: Sequence[Weight] | None = None, **settings: Any
) -> StackMethod:
    stack = empty(method, pictures[0].shape[2] if pictures[0].ndim == 3 else 1, **settings)
    weights = weights or [1.0] * len(pictures)
    for n, picture in enumerate(pictures):
        add(stack, pictures[:n], picture, weights[: n + 1])
    return stack


def accepted_by_all(*stacks: Integration) -> np.ndarray:
    """Where none of the stacks has rejected a value."""
    return np.any([np.zeros(SHAPE) if stack.rejected is None else stack.rejected for stack in stacks], axis=0) == 0


def mergeable(method: str) -> bool:
    return not METHODS.get(method).ordered


@pytest.mark.parametrize("channels", [1, 3])
def test_identical_subs_give_the_sub_back(method: str, channels: int) -> None:
    picture = subs(1, channels)[0]
    result = stack_of(method, [picture] * 7).integration()
    expected = OF_IDENTICAL.get(method, lambda sub, n: sub)(picture, 7)
    np.testing.assert_allclose(result.pixels, expected, rtol=1e-5)
    assert result.n_subs == 7
    assert result.exposure_s == 70.0
    assert (result.coverage == 7).all()
    assert (result.weight > 0).all()


def test_the_order_does_not_matter_or_it_is_said_why(method: str) -> None:
    pictures = subs(5)
    forward, backward = stack_of(method, pictures), stack_of(method, pictures[::-1])
    same = np.allclose(forward.integration().pixels, backward.integration().pixels, rtol=1e-5)
    assert same or METHODS.get(method).ordered


def test_reading_changes_nothing_and_hands_out_nothing_writable(method: str) -> None:
    stack = stack_of(method, subs(7))
    first = stack.integration()
    before = first.pixels.copy()
    for array in (first.pixels, first.weight, first.coverage, first.variance, first.rejected):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 1
    stack.integration()
    np.testing.assert_array_equal(stack.integration().pixels, before)


@pytest.mark.parametrize("spoilt", [1, 6])
@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 3])
def test_values_that_are_not_finite_never_enter(method: str, hole: float, channels: int, spoilt: int) -> None:
    pictures = subs(8, channels)
    with_hole = [picture.copy() for picture in pictures]
    with_hole[spoilt][4, 5] = hole
    result = stack_of(method, with_hole).integration()
    weights: list[Weight] = [1.0] * 8
    weights[spoilt] = np.ones(SHAPE, np.float32)
    weights[spoilt][4, 5] = 0
    without = stack_of(method, pictures, weights).integration()
    assert np.isfinite(result.pixels).all()
    np.testing.assert_allclose(result.pixels[4, 5], without.pixels[4, 5], rtol=1e-5)
    assert result.coverage[4, 5] == 7
    assert result.coverage[0, 0] == 8


def test_an_uncovered_pixel_has_no_weight(method: str) -> None:
    weight = np.ones(SHAPE, np.float32)
    weight[:, :5] = 0
    pictures = [np.full(SHAPE, 50, np.float32)] * 6
    result = stack_of(method, pictures, [weight] * 6).integration()
    assert not result.weight[:, :5].any()
    assert not result.coverage[:, :5].any()
    assert (result.coverage[:, 5:] == 6).all()


@pytest.mark.parametrize("partial", [1, 6])
def test_a_pixel_that_a_sub_does_not_reach_is_the_stack_without_it(method: str, partial: int) -> None:
    pictures = subs(8, 3)
    weight = np.ones(SHAPE, np.float32)
    weight[:3] = 0
    weights: list[Weight] = [1.0] * 8
    weights[partial] = weight
    result = stack_of(method, pictures, weights).integration()
    assert (result.coverage[:3] == 7).all()
    assert (result.coverage[3:] == 8).all()
    if method in IN_NUMPY and method not in ("median", "addmax2"):
        left = np.stack([picture for n, picture in enumerate(pictures) if n != partial]).astype(np.float64)
        expected = IN_NUMPY[method](left, np.ones(7))
        np.testing.assert_allclose(result.pixels[:3], expected[:3], rtol=1e-5)


def test_a_pixel_that_only_late_subs_reach_is_their_stack(method: str) -> None:
    early = np.ones(SHAPE, np.float32)
    early[:3] = 0
    pictures = [np.full(SHAPE, 50, np.float32)] * 9
    result = stack_of(method, pictures, [early] * 6 + [1.0] * 3).integration()
    expected = OF_IDENTICAL.get(method, lambda sub, n: sub)(np.full((3, 17), 50.0), 3)
    if method != "addmax2":
        np.testing.assert_allclose(result.pixels[:3], expected, rtol=1e-5)
    assert (result.coverage[:3] == 3).all()


def test_merging_parts_equals_the_stack_of_all_or_is_refused(method: str) -> None:
    pictures = subs(13, 3)
    whole = stack_of(method, pictures).integration()
    part, rest = stack_of(method, pictures[:6]), stack_of(method, pictures[6:])
    if not mergeable(method):
        before = part.integration().pixels.copy()
        with pytest.raises(StackError, match=METHODS.get(method).ordered):
            part.merge(rest)
        np.testing.assert_array_equal(part.integration().pixels, before)
        return
    same = accepted_by_all(whole, part.integration(), rest.integration())
    assert same.mean() > 0.3
    part.merge(rest)
    merged = part.integration()
    np.testing.assert_allclose(merged.pixels[same], whole.pixels[same], rtol=1e-5)
    np.testing.assert_allclose(merged.weight[same], whole.weight[same])
    if whole.variance is not None and merged.variance is not None:
        np.testing.assert_allclose(merged.variance[same], whole.variance[same], rtol=1e-3)
    np.testing.assert_array_equal(merged.coverage, whole.coverage)
    assert (merged.n_subs, merged.exposure_s) == (whole.n_subs, whole.exposure_s)


def test_merging_takes_what_only_the_other_covers(method: str) -> None:
    if not mergeable(method):
        pytest.skip(METHODS.get(method).ordered)
    top, bottom = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
    top[:4], bottom[:4] = 1, 0
    pictures = [np.full(SHAPE, 50, np.float32)] * 6
    stack, other = stack_of(method, pictures, [top] * 6), stack_of(method, pictures, [bottom] * 6)
    stack.merge(other)
    np.testing.assert_allclose(stack.integration().pixels, stack_of(method, pictures).integration().pixels, rtol=1e-5)


def test_a_stack_of_another_shape_is_not_merged_and_the_stack_lives_on(method: str) -> None:
    stack = stack_of(method, subs(2))
    before = stack.integration().pixels.copy()
    with pytest.raises(StackError):
        stack.merge(METHODS.get(method)(Extent(5, 5), MethodSettings()))
    np.testing.assert_array_equal(stack.integration().pixels, before)


@pytest.mark.parametrize("name", sorted(IN_NUMPY))
def test_running_equals_batch_numpy(name: str) -> None:
    pictures, weights = subs(12, 3), list(np.random.default_rng(5).uniform(0.2, 3, 12))
    expected = IN_NUMPY[name](np.stack(pictures).astype(np.float64), weights)
    result = stack_of(name, pictures, weights, opening=12).integration()
    np.testing.assert_allclose(result.pixels, expected, rtol=2e-5)


def test_who_copies_planes_and_tally_continues_the_stack(method: str) -> None:
    pictures = subs(9, 3)
    stack, copy = stack_of(method, pictures[:6]), empty(method, 3)
    for name, plane in copy.planes().items():
        plane[...] = stack.planes()[name]
    copy.tally = stack.tally
    for one in (stack, copy):
        for picture in pictures[6:]:
            one.update(Tile(*WHOLE, picture, 1.0))
    for name, plane in copy.planes().items():
        np.testing.assert_array_equal(plane, stack.planes()[name])


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_slivers_of_the_canvas_are_stacked_too(method: str, shape: tuple[int, int], channels: int) -> None:
    whole = Extent(*(side + 3 for side in shape), channels)
    box = (slice(3, 3 + shape[0]), slice(3, 3 + shape[1]))
    stack = METHODS.get(method)(whole, MethodSettings())
    pixels = np.full(shape if channels == 1 else (*shape, channels), 50, np.float32)
    weights = np.ones((5, *shape), np.float32)
    if stack.opening:
        stack.combine(Cube(*box, np.stack([pixels] * 5), weights))
    for weight in (1.0, weights[0], 2.0):
        stack.update(Tile(*box, pixels.copy(), weight))
    result = stack.integration()
    assert (result.weight[box] > 0).all()
    assert np.count_nonzero(result.weight) == weights[0].size
    assert (result.pixels[box] != 0).all()


def test_a_sub_can_be_removed_or_it_is_refused(method: str) -> None:
    pictures, weights = subs(12, 3), list(np.random.default_rng(5).uniform(0.2, 3, 12))
    stack = stack_of(method, pictures, weights)
    if not stack.can_remove:
        with pytest.raises(StackError, match="take a sub out"):
            stack.remove(Tile(*WHOLE, pictures[4], weights[4]))
        return
    stack.remove(Tile(*WHOLE, pictures[4], weights[4]))
    stack.count(10.0, -1)
    without = stack_of(method, pictures[:4] + pictures[5:], weights[:4] + weights[5:]).integration()
    result = stack.integration()
    np.testing.assert_allclose(result.pixels, without.pixels, rtol=1e-5)
    np.testing.assert_allclose(result.weight, without.weight, rtol=1e-5)
    np.testing.assert_array_equal(result.coverage, without.coverage)
    assert (result.n_subs, result.exposure_s) == (11, 110.0)


def test_the_mean_keeps_its_precision_over_ten_thousand_subs() -> None:
    stack = METHODS.get("mean")(Extent(2, 2), MethodSettings())
    values = np.random.default_rng(1).normal(60000, 5, 10_000).astype(np.float32)
    for value in values:
        stack.update(Tile(slice(0, 2), slice(0, 2), np.full((2, 2), value, np.float32), 1.0))
    assert stack.integration().pixels[0, 0] == pytest.approx(values.astype(np.float64).mean(), abs=0.05)
