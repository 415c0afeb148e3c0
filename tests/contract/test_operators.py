"""What every operator promises."""

from __future__ import annotations

import tracemalloc
from functools import cache

import numpy as np
import pytest

from indistack.enhance import OPERATORS, operator_of
from indistack.values.frame import FloatArray

each_operator = pytest.mark.parametrize("name", list(OPERATORS))
same_place = pytest.mark.parametrize("name", [name for name in OPERATORS if not OPERATORS.get(name).reshapes])
"""Those that leave every pixel where it is."""


def field(channels: int, height: int = 120, width: int = 160) -> FloatArray:
    """Stars of one colour on a sky of another, ``(h, w)`` or ``(h, w, 3)``."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:height, :width]
    picture = rng.normal(0, 3, (height, width, 3))
    for cx, cy, peak in rng.uniform((5, 5, 500), (width - 5, height - 5, 5000), (50, 3)):
        picture += peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)[..., np.newaxis]
    picture = (picture * (0.5, 1.0, 0.7) + (300, 900, 600)).astype(np.float32)
    return picture if channels == 3 else np.ascontiguousarray(picture[..., 1])


def holed(picture: FloatArray) -> FloatArray:
    picture = picture.copy()
    picture[:, 80:] = np.nan
    return picture


PICTURES = {
    "mono": field(1),
    "colour": field(3),
    "mono, half of it not covered": holed(field(1)),
    "colour, half of it not covered": holed(field(3)),
    "mono, nothing covered": np.full((12, 17), np.nan, np.float32),
    "colour, nothing covered": np.full((12, 17, 3), np.nan, np.float32),
    "mono, all zero": np.zeros((12, 17), np.float32),
    "colour, all zero": np.zeros((12, 17, 3), np.float32),
    "mono, one row": np.linspace(1, 9, 40, dtype=np.float32)[np.newaxis],
    "colour, one row": np.repeat(np.linspace(1, 9, 40, dtype=np.float32)[np.newaxis, :, np.newaxis], 3, axis=2),
    "mono, one column": np.linspace(1, 9, 40, dtype=np.float32)[:, np.newaxis],
    "one pixel": np.full((1, 1), 7, np.float32),
    "one pixel of colour": np.full((1, 1, 3), 7, np.float32),
}


@each_operator
@pytest.mark.parametrize("kind", PICTURES)
def test_a_new_picture_of_the_same_shape_and_the_old_one_as_it_was(name: str, kind: str) -> None:
    picture = PICTURES[kind].copy()
    operator = operator_of(name)
    result = operator(picture)
    np.testing.assert_array_equal(picture, PICTURES[kind])
    assert result.dtype == np.float32
    assert result.size > 0
    if operator.reshapes:
        return
    assert result.shape == picture.shape
    assert not np.shares_memory(result, picture)
    np.testing.assert_array_equal(np.isfinite(result), np.isfinite(picture))


@same_place
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_not_covered_enters_no_statistic(name: str, channels: int) -> None:
    picture = field(channels)
    operator = operator_of(name)
    shown = operator(holed(picture))[:, :80]
    np.testing.assert_allclose(shown, operator(picture[:, :80]), rtol=0.05, atol=0.02)


@each_operator
def test_the_same_picture_gives_the_same_bytes(name: str) -> None:
    np.testing.assert_array_equal(operator_of(name)(field(3)), operator_of(name)(field(3)))


@each_operator
@pytest.mark.parametrize("channels", [1, 3])
def test_what_makes_a_picture_stays_within_0_and_1(name: str, channels: int) -> None:
    if OPERATORS.get(name).shows:
        made = operator_of(name)(field(channels))
        assert -1e-6 <= made.min() < made.max() <= 1 + 1e-6


@cache
def _large(channels: int) -> FloatArray:
    picture = np.tile(field(channels), (5, 5, 1)[: channels // 2 + 2])
    picture[::50, ::70] = picture[:, :60] = np.nan
    return picture


SMALL_BYTES = {"neutral": 45_000_000, "body": 8_000_000}
"""What steps take that is of no picture's size, beyond 5 MB: samples, tables."""


@each_operator
@pytest.mark.parametrize("channels", [1, 3])
def test_it_takes_no_more_memory_than_it_tells(name: str, channels: int) -> None:
    picture = _large(channels)
    operator = operator_of(name)
    operator(picture[:60, :80])  # imports what it needs
    tracemalloc.start()
    try:
        operator(picture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= operator.works_in * picture.nbytes + SMALL_BYTES.get(name, 5_000_000)
