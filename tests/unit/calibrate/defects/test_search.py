"""Hot and dead pixels go, star cores stay: synthetic skies with known truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.colour import levels_of, noise_of
from indistack.calibrate.defects.learned import DefectMap
from indistack.calibrate.defects.repair import plan_repair
from indistack.calibrate.defects.search import hot_limit
from indistack.system.workers import Workers
from tests.unit.calibrate.defects.skies import BLUE, CARBON, H_ALPHA, NOISE, SIZE, SOLAR, WHITE, planted, sky_of


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def search(plane: Any, cfa: str | None, workers: Workers) -> Any:
    stored = plane.astype(np.float32) if cfa is None else np.clip(np.rint(plane), 0, 65535).astype(np.uint16)
    return DefectMap(1 if cfa is None else 2).look(stored, noise_of(stored), stored.reshape(-1)[:0], 8.0, workers)


@pytest.mark.parametrize("fwhm_px", [1.8, 2.2, 3.0, 5.0])
@pytest.mark.parametrize("colour", [WHITE, SOLAR, CARBON, BLUE, H_ALPHA, (0, 0, 1)])
@pytest.mark.parametrize("cfa", ["RGGB", "GBRG"])
def test_no_star_core_on_a_mosaic_is_touched(fwhm_px: float, colour: Any, cfa: str, workers: Workers) -> None:
    rng = np.random.default_rng(11)
    plane, stars = sky_of(fwhm_px, colour, cfa, rng)
    found = search(plane, cfa, workers)
    assert stars.reshape(-1)[found].sum() == 0
    assert len(found) <= 1


@pytest.mark.parametrize("fwhm_px", [1.8, 2.2, 3.0, 5.0])
def test_no_star_core_on_mono_is_touched(fwhm_px: float, workers: Workers) -> None:
    plane, stars = sky_of(fwhm_px, WHITE, None, np.random.default_rng(12))
    assert stars.reshape(-1)[search(plane, None, workers)].sum() == 0


@pytest.mark.parametrize(("sigmas", "least"), [(20, 0.85), (60, 0.97), (1000, 0.98)])
@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_hot_pixels_are_found_among_stars(sigmas: float, least: float, cfa: Any, workers: Workers) -> None:
    rng = np.random.default_rng(13)
    plane, stars = sky_of(2.5, SOLAR, cfa, rng)
    hot = planted(plane, stars, sigmas, 200, rng)
    found = search(plane, cfa, workers)
    assert np.isin(hot, found).mean() >= least
    assert np.isin(found, hot).mean() >= 0.99


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_dead_pixels_are_found(cfa: Any, workers: Workers) -> None:
    rng = np.random.default_rng(14)
    plane, stars = sky_of(2.5, SOLAR, cfa, rng)
    dead = rng.choice(np.flatnonzero(~stars), 100, replace=False)
    plane.reshape(-1)[dead] = 0
    found = search(plane, cfa, workers)
    assert np.isin(dead, found).mean() >= 0.97


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_defects_at_the_border_are_found(cfa: Any, workers: Workers) -> None:
    plane = np.random.default_rng(17).normal(1000, NOISE, (SIZE, SIZE))
    places = [(0, 0), (0, 200), (1, SIZE - 1), (100, 0), (150, 1), (SIZE - 2, SIZE - 2), (300, SIZE - 1), (SIZE - 1, 9)]
    for place in places:
        plane[place] += 100 * NOISE
    found = search(plane, cfa, workers)
    assert sorted(zip(*np.divmod(found, SIZE), strict=True)) == sorted(places)


def test_a_cluster_of_hot_pixels_is_no_star(workers: Workers) -> None:
    plane, _ = sky_of(3.0, SOLAR, "RGGB", np.random.default_rng(18))
    cluster = [(3, 100), (3, 101), (4, 100)]
    for place, sigmas in zip(cluster, (2000, 900, 600), strict=True):
        plane[place] += sigmas * NOISE
    assert np.isin([y * SIZE + x for y, x in cluster], search(plane, "RGGB", workers)).all()


def test_pure_noise_has_no_defects(workers: Workers) -> None:
    plane = np.random.default_rng(15).normal(1000, 10, (1000, 1000)).astype(np.uint16)
    assert len(search(plane, "RGGB", workers)) == 0


def test_strips_do_not_matter() -> None:
    rng = np.random.default_rng(16)
    plane, stars = sky_of(3.0, SOLAR, "RGGB", rng)
    planted(plane, stars, 100, 100, rng)
    with Workers(1) as one, Workers(3) as three:
        np.testing.assert_array_equal(search(plane, "RGGB", one), search(plane, "RGGB", three))


class TestRepair:
    def test_mean_of_four_neighbours_of_the_same_colour(self) -> None:
        plane = np.zeros((8, 8), np.uint16)
        plane[4, 2], plane[4, 6], plane[2, 4], plane[6, 4] = 10, 20, 30, 41
        plane[4, 4], plane[4, 5] = 60000, 999
        plan_repair(np.array([4 * 8 + 4]), 8, 8, 2).apply(plane)
        assert plane[4, 4] == 25  # 101 / 4
        assert plane[4, 5] == 999

    def test_bad_neighbours_and_borders_are_not_asked(self) -> None:
        plane = np.arange(25, dtype=np.float32).reshape(5, 5)
        bad = np.array([0, 1])  # the corner and its right neighbour
        repair = plan_repair(bad, 5, 5, 1)
        repair.apply(plane)
        assert plane[0, 0] == pytest.approx((5 + 6) / 2, abs=0.6)
        assert repair.hopeless.size == 0

    def test_no_good_neighbour_at_all(self) -> None:
        repair = plan_repair(np.arange(25), 5, 5, 1)
        assert repair.pixels.size == 0
        np.testing.assert_array_equal(repair.hopeless, np.arange(25))


def test_hot_limit() -> None:
    dark = np.random.default_rng(0).normal(100, 2, (100, 100)).astype(np.float32)
    dark[1, 1], dark[2, 2] = 200, np.nan
    assert hot_limit(dark, 30.0, 65535.0) == pytest.approx(160, rel=0.02)  # 100 + 30 * 2
    assert hot_limit(dark, 30.0, 140.0) == pytest.approx(126)  # nine tenths of saturation


class TestLevels:
    def test_noise_of_stars_and_converter_steps(self) -> None:
        rng = np.random.default_rng(1)
        plane, _ = sky_of(3.0, WHITE, "RGGB", rng)
        np.testing.assert_allclose(noise_of(plane), NOISE, rtol=0.15)
        coarse = np.round(rng.normal(1000, 20, (400, 400)) / 16) * 16
        np.testing.assert_allclose(noise_of(coarse), (20**2 + 16**2 / 12) ** 0.5, rtol=0.03)

    def test_levels_of_the_colours(self) -> None:
        plane = np.tile(np.array([[1.0, 2.0], [4.0, 3.0]]), (10, 10))
        np.testing.assert_array_equal(levels_of(plane, "RGGB"), [[1, 3], [3, 3]])  # the greens are one: 2 and 4
        np.testing.assert_array_equal(levels_of(plane, None), np.full((2, 2), 2.5))
        np.testing.assert_array_equal(levels_of(plane, "RGGB", 1.0), [[0, 2], [2, 2]])
