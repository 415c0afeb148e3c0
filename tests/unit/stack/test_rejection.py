"""Which pixels are outliers."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.stack.rejection import Limits, StarChange, bounds, inverse_scatter, outliers, sample_step, typical_noise
from indistack.system.workers import Scratch

QUARTER = StarChange(0.25, 5.0)
SHAPE = (96, 96)
EVERYWHERE = np.ones(SHAPE, bool)
THREE = Limits(3.0, 3.0)


def noise(sigma: float = 1.0) -> np.ndarray:
    return np.random.default_rng(4).normal(0, sigma, SHAPE).astype(np.float32)


def test_a_cut_distribution_is_narrower() -> None:
    values = np.random.default_rng(1).normal(size=1_000_000)
    for low, high in ((3.0, 3.0), (2.0, 2.5), (1.0, 4.0)):
        cut = values[(values > -low) & (values < high)]
        assert Limits(low, high).variance_within() == pytest.approx(cut.var(), rel=0.005)


def test_bounds_follow_the_tiles_own_level_and_noise() -> None:
    low, high = bounds(noise(2.0) + 5, EVERYWHERE, THREE)
    assert (low, high) == (pytest.approx(-1, abs=0.4), pytest.approx(11, abs=0.4))


def test_bounds_know_covered_pixels_only() -> None:
    values, covered = noise(), EVERYWHERE.copy()
    values[:60], covered[:60] = 1000, False
    assert bounds(values, covered, THREE)[1] == pytest.approx(3, abs=0.3)
    assert not outliers(values, covered, THREE, Scratch())[:60].any()


@pytest.mark.parametrize("shape", [(20, 20), (256, 256), (256, 512), (228, 457)])
def test_a_sample_meets_all_colours_of_a_cfa(shape: tuple[int, int]) -> None:
    step = sample_step(np.empty(shape, np.float32))
    assert set(np.arange(0, shape[0], step) % 2) == {0, 1}
    assert 1000 < np.empty(shape)[::step, ::step].size < 4000 or step == 1


def test_a_single_bright_pixel_goes_alone() -> None:
    z = np.zeros(SHAPE, np.float32) + noise() * 0.1
    z[40, 40] = 2.0  # limits of a quiet tile are not closer than 1.5
    assert np.argwhere(outliers(z, EVERYWHERE, THREE, Scratch())).tolist() == [[40, 40]]


def test_what_is_too_faint_for_single_pixels_goes_with_its_surroundings() -> None:
    z = noise()
    z[30:38, 30:38] += 1.8
    out = outliers(z, EVERYWHERE, THREE, Scratch())
    assert out[30:38, 30:38].mean() > 0.95
    assert out.mean() < 0.05


def test_scatter_is_that_of_the_pixel_or_of_those_around_it() -> None:
    variance = np.full(SHAPE, 4.0, np.float32)
    variance[50, 50] = 100.0
    variance[20, 20] = 0.0
    flat = np.zeros(SHAPE, np.float32)
    per_sigma = inverse_scatter(variance, flat, 1.0, QUARTER, 0.0, Scratch())
    assert 1 / per_sigma[50, 50] == pytest.approx(10)
    assert 1 / per_sigma[20, 20] == pytest.approx(np.sqrt(4 * 24 / 25))
    assert 1 / per_sigma[80, 80] == pytest.approx(2)
    assert 1 / inverse_scatter(variance, flat, 1.0, QUARTER, 5.0, Scratch())[80, 80] == pytest.approx(3)


def test_scatter_is_larger_where_the_picture_changes() -> None:
    picture = np.zeros(SHAPE, np.float32)
    picture[:, 48:] = 40.0
    per_sigma = inverse_scatter(np.full(SHAPE, 9.0, np.float32), picture, 0.0, StarChange(0.1, 0.0), 0.0, Scratch())
    assert 1 / per_sigma[10, 47] == pytest.approx(5)
    assert 1 / per_sigma[10, 40] == pytest.approx(3)


def test_what_noise_changes_is_no_star() -> None:
    picture = np.zeros(SHAPE, np.float32)
    picture[:, 48:] = 40.0
    per_sigma = inverse_scatter(np.full(SHAPE, 9.0, np.float32), picture, 4.0, StarChange(0.2, 5.0), 0.0, Scratch())
    assert 1 / per_sigma[10, 47] == pytest.approx(5)  # sqrt(9 + (0.2 (40 - 20))^2)
    per_sigma = inverse_scatter(np.full(SHAPE, 9.0, np.float32), picture, 10.0, StarChange(0.2, 5.0), 0.0, Scratch())
    assert 1 / per_sigma[10, 47] == pytest.approx(3)


def test_noise_of_a_mean_falls_with_its_weight() -> None:
    weight = np.full(SHAPE, 4.0, np.float32)
    weight[:30] = 0.0
    assert typical_noise(np.full(SHAPE, 36.0, np.float32), weight) == pytest.approx(3)
    assert typical_noise(np.full(SHAPE, 36.0, np.float32), np.zeros_like(weight)) == 0
