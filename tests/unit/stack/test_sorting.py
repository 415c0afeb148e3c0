"""Order statistics against NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from indistack.stack.sorting import NETWORK_PLANES, exchanges, middle, sorted_planes


def planes(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, 7, 9)).astype(np.float32)


def in_order(values: np.ndarray) -> Sequence[np.ndarray]:
    return sorted_planes(np.concatenate([values, values[:1]]))


@pytest.mark.parametrize("n", range(1, 10))
def test_the_exchanges_sort_everything(n: int) -> None:
    for bits in itertools.product((0, 1), repeat=n):  # what sorts all zeros and ones sorts all (0-1 principle)
        values = list(bits)
        for low, high in exchanges(n):
            if values[low] > values[high]:
                values[low], values[high] = values[high], values[low]
        assert values == sorted(bits)


@pytest.mark.parametrize("n", [1, 2, 5, NETWORK_PLANES, NETWORK_PLANES + 1])
def test_planes_are_sorted_pixel_by_pixel(n: int) -> None:
    np.testing.assert_array_equal(np.stack(in_order(planes(n))), np.sort(planes(n), axis=0))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 30])
def test_the_middle_is_the_median(n: int) -> None:
    order = in_order(planes(n))
    np.testing.assert_allclose(middle(order, n), np.median(planes(n), axis=0), rtol=1e-6)


def test_pixels_may_have_values_in_some_planes_only() -> None:
    values = planes(6)
    count = np.random.default_rng(1).integers(1, 7, (7, 9))
    values[np.arange(6)[:, np.newaxis, np.newaxis] >= count] = np.inf
    result = middle(in_order(values), count)
    np.testing.assert_allclose(result, np.nanmedian(np.where(np.isinf(values), np.nan, values), axis=0), rtol=1e-6)


def test_a_lower_quantile_takes_a_lower_value() -> None:
    order = in_order(planes(5))
    np.testing.assert_array_equal(middle(order, 5, 0.25), np.sort(planes(5), axis=0)[1])
