from __future__ import annotations

import numpy as np
import pytest

from indistack.stars.background import Mesh, clipped_levels, measure_mesh, noise_of_bends
from indistack.values.frame import FloatArray


def mesh_of(plane: FloatArray, least_noise: float = 0.0) -> Mesh:
    return measure_mesh(plane, 64, least_noise)


def test_level_is_the_median_and_noise_the_distance_to_the_lower_sigma() -> None:
    samples = np.arange(101, dtype=np.float32)[None]
    level, noise = clipped_levels(samples)
    assert level[0] == 50
    assert noise[0] == 34  # the 16th of 101 values is 16; 50 - 16


def test_stars_do_not_raise_the_level() -> None:
    samples = np.sort(np.concatenate([np.tile(np.arange(95.0, 106), 10), np.full(20, 9000.0)])).astype(np.float32)
    level, noise = clipped_levels(samples[None])
    assert level[0] == 100
    assert noise[0] == pytest.approx(3, abs=1)


def test_a_sky_that_is_clipped_at_its_median_has_the_noise_of_its_upper_side() -> None:
    samples = np.sort(np.concatenate([np.zeros(60), np.full(40, 2.0)])).astype(np.float32)
    _, noise = clipped_levels(samples[None])
    assert noise[0] == 2


def test_only_the_first_samples_count() -> None:
    samples = np.array([[1, 2, 3, np.nan, np.nan]], np.float32)
    level, _ = clipped_levels(samples, np.array([3]))
    assert level[0] == 2


def test_a_mesh_follows_a_gradient_and_measures_the_noise() -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(100, 200, 512)[:, None]
    mesh = mesh_of((ramp + rng.normal(0, 2, (512, 384))).astype(np.float32))
    assert mesh.level.shape == (10, 8)  # an eighth of the shorter side, 48 px
    # within a cell of 51 rows the ramp itself spreads by 10 / sqrt(12) = 2.9, which is no noise
    assert np.median(mesh.noise) == pytest.approx(2, rel=0.1)
    rows = mesh.rows(mesh.level, slice(200, 300), 384)
    np.testing.assert_allclose(rows.mean(axis=1), ramp[200:300, 0], atol=1)


def test_the_noise_of_bends_is_blind_to_a_slope() -> None:
    # quantiles 15.9 % and 84.1 % of -50..50 are -34 and 34: 34 / sqrt(1.5) = 27.8
    bends = np.arange(-50, 51, dtype=np.float32)[None]
    assert noise_of_bends(bends)[0] == pytest.approx(27.8, abs=0.1)
    line = np.arange(400, dtype=np.float32) * 5
    assert mesh_of(np.tile(line, (300, 1)), 0.01).noise.max() < 0.05


def test_noise_never_falls_below_the_least() -> None:
    assert mesh_of(np.full((100, 100), 7, np.float32), 0.3).noise.min() == np.float32(0.3)
    assert mesh_of(np.zeros((100, 100), np.float32)).noise.min() > 0


def test_interpolation_between_two_cells_is_linear_and_continues_at_the_rim() -> None:
    values = np.array([[0, 10]], np.float32)
    mesh = Mesh(values, values, 4, 10)
    rows = mesh.rows(values, slice(0, 4), 23)
    assert rows.shape == (4, 23)
    assert rows[0, 0] == 0
    assert rows[0, 19] == rows[3, 22] == 10
    # centres of the cells are at 4.5 and 14.5: at 9.5 half of the way, at 9 0.45 of it
    assert rows[0, 9] == pytest.approx(4.5)
    np.testing.assert_allclose(mesh.at(values, np.array([9, 9.5]), np.array([0, 3])), [4.5, 5.0])
