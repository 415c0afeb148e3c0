"""What the lights teach about bad pixels: found with time, however faint, and never a star."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.colour import noise_of
from indistack.calibrate.defects.learned import DefectMap
from indistack.calibrate.defects.repair import plan_repair
from indistack.system.workers import Workers
from tests.unit.calibrate.defects.skies import CARBON, H_ALPHA, NOISE, SIZE, SOLAR, WHITE, sky_of

Moves = Callable[[int, Any], tuple[float, float]]


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def tracked(_: int, rng: Any) -> tuple[float, float]:
    """Nothing moves but by the seeing."""
    return tuple(rng.normal(0, 0.15, 2))


def dithered(_: int, rng: Any) -> tuple[float, float]:
    return tuple(rng.uniform(-6, 6, 2))


def taught(
    workers: Workers, cfa: str | None, fwhm_px: float, colour: Any, moves: Moves, faults: Any, n_subs: int = 10
) -> DefectMap:
    """Return the map after some subs."""
    rng = np.random.default_rng(21)
    pitch = 1 if cfa is None else 2
    learned = DefectMap(pitch)
    for number in range(n_subs):
        plane, _ = sky_of(fwhm_px, colour, cfa, rng, np.random.default_rng(5), moves(number, rng))
        show(learned, plane + faults, cfa, workers)
    return learned


def show(learned: DefectMap, plane: Any, cfa: str | None, workers: Workers) -> Any:
    """Let the map look at one sub, repaired as the calibrator would; return what it finds at once."""
    stored = plane.astype(np.float32) if cfa is None else np.clip(np.rint(plane), 0, 65535).astype(np.uint16)
    before = stored.reshape(-1)[learned.pixels]
    if learned.pixels.size:
        plan_repair(learned.pixels, SIZE, SIZE, 1 if cfa is None else 2).apply(stored)
    return learned.look(stored, noise_of(stored), before, 8.0, workers)


def with_hot(sigmas: float, count: int = 200) -> tuple[Any, Any]:
    """Return a plane of faults, and their flat indices: apart from each other, away from the grid of stars."""
    places = np.array([y * SIZE + x for y in range(3, SIZE, 24) for x in range(4, SIZE, 24)])
    chosen = np.sort(np.random.default_rng(8).choice(places, count, replace=False))
    faults = np.zeros(SIZE * SIZE)
    faults[chosen] = sigmas * NOISE
    return faults.reshape(SIZE, SIZE), chosen


@pytest.mark.parametrize("moves", [tracked, dithered])
@pytest.mark.parametrize("fwhm_px", [1.8, 3.0, 6.0])
@pytest.mark.parametrize(("cfa", "colour"), [(None, WHITE), ("RGGB", SOLAR), ("GRBG", CARBON), ("RGGB", H_ALPHA)])
def test_no_star_is_ever_learned(workers: Workers, moves: Moves, fwhm_px: float, cfa: Any, colour: Any) -> None:
    learned = taught(workers, cfa, fwhm_px, colour, moves, 0.0)
    assert learned.pixels.size == 0


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_saturated_stars_are_not_learned(workers: Workers, cfa: Any) -> None:
    learned = DefectMap(1 if cfa is None else 2)
    rng = np.random.default_rng(3)
    for _ in range(10):
        plane, _ = sky_of(2.2, SOLAR, cfa, rng, np.random.default_rng(5))
        show(learned, np.minimum(plane, 1500.0), cfa, workers)
    assert learned.pixels.size == 0


@pytest.mark.parametrize("moves", [tracked, dithered])
@pytest.mark.parametrize(("cfa", "sigmas", "least"), [(None, 8, 0.9), ("RGGB", 15, 0.9), ("RGGB", 1000, 0.99)])
def test_faint_hot_pixels_are_learned(workers: Workers, moves: Moves, cfa: Any, sigmas: float, least: float) -> None:
    faults, hot = with_hot(sigmas)
    learned = taught(workers, cfa, 2.5, SOLAR, moves, faults)
    assert np.isin(hot, learned.pixels).mean() >= least
    assert np.isin(learned.pixels, hot).all()


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_cold_pixels_are_learned(workers: Workers, cfa: Any) -> None:
    faults, cold = with_hot(-9)
    learned = taught(workers, cfa, 2.5, SOLAR, tracked, faults)
    assert np.isin(cold, learned.pixels).mean() >= 0.9


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_clusters_are_learned_pixel_by_pixel(workers: Workers, cfa: Any) -> None:
    """A bright hot pixel whose neighbours are hot, too: at first sight a small star."""
    faults, hot = with_hot(2000, 40)
    for step, sigmas in ((1, 900), (SIZE, 600), (-SIZE, 300)):
        faults.reshape(-1)[hot + step] = sigmas * NOISE
    learned = taught(workers, cfa, 3.0, SOLAR, dithered, faults, n_subs=20)
    for step in (0, 1, SIZE, -SIZE):
        assert np.isin(hot + step, learned.pixels).mean() >= 0.95


def test_it_takes_several_subs(workers: Workers) -> None:
    faults, _ = with_hot(1000)
    assert taught(workers, None, 2.5, WHITE, tracked, faults, n_subs=4).pixels.size == 0
    assert taught(workers, None, 2.5, WHITE, tracked, faults, n_subs=5).pixels.size > 190


def test_what_shows_at_once_is_told_at_once(workers: Workers) -> None:
    faults, hot = with_hot(1000)
    plane, _ = sky_of(2.5, WHITE, None, np.random.default_rng(0))
    found = show(DefectMap(1), plane + faults, None, workers)
    assert np.isin(hot, found).mean() > 0.98


def test_a_pixel_that_recovers_is_dropped(workers: Workers) -> None:
    faults, hot = with_hot(100)
    learned = taught(workers, "RGGB", 2.5, SOLAR, tracked, faults)
    assert np.isin(hot, learned.pixels).mean() > 0.95
    rng = np.random.default_rng(4)
    for _ in range(6):
        show(learned, sky_of(2.5, SOLAR, "RGGB", rng, np.random.default_rng(5))[0], "RGGB", workers)
    assert learned.pixels.size == 0


def test_one_cosmic_ray_is_no_defect(workers: Workers) -> None:
    learned = DefectMap(1)
    rng = np.random.default_rng(6)
    for number in range(10):
        plane, _ = sky_of(2.5, WHITE, None, rng, np.random.default_rng(5))
        plane[100 + number, 3] += 5000
        show(learned, plane, None, workers)
    assert learned.pixels.size == 0


def test_a_tracked_comet_stays_whole(workers: Workers) -> None:
    """It stands still while the stars move, but is no sharper than they are."""
    rng = np.random.default_rng(7)
    learned = DefectMap(1)
    comet = np.zeros((SIZE, SIZE))
    y, x = np.mgrid[:SIZE, :SIZE]
    comet += 3000 * np.exp(-((x - 240.2) ** 2 + (y - 243.7) ** 2) / (2 * 1.3**2))
    for number in range(12):
        plane, _ = sky_of(3.0, WHITE, None, rng, np.random.default_rng(5), (0.9 * number, -0.6 * number))
        show(learned, plane + comet, None, workers)
    assert learned.pixels.size == 0


def test_a_map_goes_on_where_it_ended(workers: Workers) -> None:
    faults, hot = with_hot(1000)
    learned = taught(workers, "RGGB", 2.5, SOLAR, tracked, faults)
    again = DefectMap(2, learned.pixels)
    np.testing.assert_array_equal(again.pixels, learned.pixels)
    show(again, sky_of(2.5, SOLAR, "RGGB", np.random.default_rng(9))[0] + faults, "RGGB", workers)
    np.testing.assert_array_equal(again.pixels, learned.pixels)
    assert np.isin(hot, again.pixels).mean() > 0.98


def test_a_scene_full_of_detail_costs_no_more_than_its_share(workers: Workers, monkeypatch: Any) -> None:
    monkeypatch.setattr("indistack.calibrate.defects.learned.MOST_CANDIDATES", 500)
    plane = np.random.default_rng(2).normal(1000, 10, (SIZE, SIZE)).astype(np.float32)
    plane[::5, ::5] += np.linspace(100, 1000, (SIZE // 5) ** 2).reshape(SIZE // 5, -1)
    found = DefectMap(1).look(plane, noise_of(plane), plane[:0, 0], 8.0, workers)
    assert 0 < len(found) < 500
