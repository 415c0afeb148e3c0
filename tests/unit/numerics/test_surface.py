"""Surfaces, fitted and evaluated."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.numerics.surface import factors, fit_surface, lower_surface, terms

WIDTH, HEIGHT = 41, 21
SURFACE = (5.0, 1.0, -2.0, 0.5, 0.25, 3.0)


def grid() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1).reshape(-1, 2).astype(float)


def test_terms_at_corner_and_centre() -> None:
    corner, centre = terms(np.array([[40.0, 0.0], [20.0, 10.0]]), WIDTH, HEIGHT)
    assert corner.tolist() == [1, 1, -1, 1, -1, 1]  # u = 1, v = -1
    assert centre.tolist() == [1, 0, 0, 0, 0, 0]


def test_the_product_of_the_factors_is_the_surface() -> None:
    down, across = factors([SURFACE, (7.0,)], WIDTH, HEIGHT)
    planes = np.einsum("hk,kwc->hwc", down, across)
    expected = terms(grid(), WIDTH, HEIGHT) @ np.array(SURFACE)
    np.testing.assert_allclose(planes[..., 0].ravel(), expected, rtol=1e-5)
    np.testing.assert_allclose(planes[..., 1], 7, rtol=1e-6)


def test_constants_need_one_factor() -> None:
    down, across = factors([(7.0,), (8.0,)], WIDTH, HEIGHT)
    assert (down.shape, across.shape) == ((HEIGHT, 1), (1, WIDTH, 2))
    assert factors([(1.0,)], 1, 1)[0].tolist() == [[1.0]]


@pytest.mark.parametrize("spoiled", [0.0, 0.2])
def test_a_surface_is_found_again_beside_outliers(spoiled: float) -> None:
    rng = np.random.default_rng(1)
    design = terms(grid(), WIDTH, HEIGHT)
    values = design @ np.array(SURFACE) + rng.normal(0, 0.01, len(design))
    values[rng.random(len(values)) < spoiled] += 50
    np.testing.assert_allclose(fit_surface(design, values), SURFACE, atol=0.01)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_share_of_the_values_lies_below_the_lower_surface(share: float) -> None:
    x = np.linspace(-1, 1, 5000)
    values = 3 + 2 * x + np.random.default_rng(3).exponential(5, 5000)
    line = lower_surface(np.column_stack([np.ones(5000), x]), values, share)
    assert (values < line[0] + line[1] * x).mean() == pytest.approx(share, abs=0.04)
    assert line[1] == pytest.approx(2, abs=0.4)
