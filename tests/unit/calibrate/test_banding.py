"""Bands go, the sky and its stars stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate.banding import band_offsets, remove_banding
from indistack.system.workers import Workers

HEIGHT, WIDTH = 720, 1000
NOISE = 10.0


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def scene() -> Any:
    """Return a gradient with a nebula over a third of the frame, and a very bright star."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    nebula = 400 * np.exp(-((x - 130) ** 2 / (2 * 40**2) + (y - 200) ** 2 / (2 * 60**2)))
    star = 30000 * np.exp(-((x - 350) ** 2 + (y - 120) ** 2) / (2 * 4**2))
    return 1000 + 0.5 * y + 0.1 * x + nebula + star


def stored(plane: Any, cfa: bool) -> Any:
    return np.rint(plane).astype(np.uint16) if cfa else plane.astype(np.float32)


@pytest.mark.parametrize("cfa", [False, True])
@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_bands_are_levelled_and_the_scene_is_kept(workers: Workers, axis: Any, cfa: bool) -> None:
    rng = np.random.default_rng(1)
    truth = scene()
    bands = rng.normal(0, 8, HEIGHT)[:, np.newaxis] if axis == "rows" else rng.normal(0, 8, WIDTH)
    plane = stored(rng.normal(truth + bands, NOISE), cfa)
    remove_banding(plane, 2 if cfa else 1, axis, workers)
    along = 1 if axis == "rows" else 0
    left = np.median(plane - truth, axis=along)
    assert left.std() < 2.4  # 8 before; the median of 49 such rows is known to 1.4
    assert abs((plane - truth).mean()) < 1.0
    np.testing.assert_allclose(plane[110:130, 340:360].sum() / truth[110:130, 340:360].sum(), 1, atol=0.001)


@pytest.mark.parametrize("cfa", [False, True])
def test_stars_and_nebulae_leave_no_stripe(workers: Workers, cfa: bool) -> None:
    truth = scene()
    offsets = band_offsets(stored(truth, cfa), 2 if cfa else 1, workers)
    assert np.abs(offsets).max() < 0.1 * NOISE


def test_each_colour_has_its_own_offset(workers: Workers) -> None:
    plane = np.full((200, 400), 1000.0, np.float32)
    plane[50, 0::2] += 30
    plane[51, 1::2] -= 20
    offsets = band_offsets(plane, 2, workers)
    assert offsets[50, 0] == pytest.approx(30)
    assert offsets[51, 1] == pytest.approx(-20)
    assert np.count_nonzero(offsets) == 2


def test_integers_keep_the_mean_of_a_fraction(workers: Workers) -> None:
    """Offsets below one step are taken away as well."""
    rng = np.random.default_rng(5)
    plane = rng.normal(1000 + np.where(np.arange(200) % 7 == 0, 0.4, 0.0)[:, np.newaxis], 1.0, (200, 6000))
    whole = np.rint(plane).astype(np.uint16)
    offsets = band_offsets(whole.astype(np.float32), 1, workers)
    before = whole.mean(axis=1)
    remove_banding(whole, 1, "rows", workers)
    np.testing.assert_allclose(whole.mean(axis=1), before - offsets[:, 0], atol=0.01)


@pytest.mark.parametrize("shape", [(4, 4), (3, 50), (50, 3), (17, 33)])
def test_odd_and_tiny_planes(workers: Workers, shape: tuple[int, int]) -> None:
    for pitch in (1, 2):
        for axis in ("rows", "columns"):
            plane = np.full(shape, 500, np.uint16)
            remove_banding(plane, pitch, axis, workers)
            np.testing.assert_array_equal(plane, 500)
