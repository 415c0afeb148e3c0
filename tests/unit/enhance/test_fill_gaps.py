"""Gaps of star trails: closed along the trail, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.enhance.fill_gaps import FillGaps, FillGapsSettings
from indistack.values.frame import FloatArray

POLE = (60.0, 170.0)


def trails(gap_px: float, *radii: float) -> FloatArray:
    """Arcs about a pole, with a gap after every 14 px."""
    y, x = np.mgrid[:160, :200]
    far, angle = np.hypot(x - POLE[0], y - POLE[1]), np.arctan2(y - POLE[1], x - POLE[0])
    shines = [((angle * radius) % 14 >= gap_px) * np.exp(-(((far - radius) / 1.2) ** 2)) for radius in radii]
    return (1000 * np.max(shines, axis=0)).astype(np.float32)


def along(picture: FloatArray, radius: float) -> FloatArray:
    """Brightness along an arc, the brightest within a pixel of it."""
    angles = np.linspace(-2.6, -0.5, 300)
    x, y = (
        (centre + radius * way(angles)).astype(np.float32) for centre, way in zip(POLE, (np.cos, np.sin), strict=True)
    )
    inside = (x > 4) & (y > 4) & (x < 195) & (y < 155)
    return cv2.remap(cv2.dilate(picture, np.ones((3, 3))), x[inside], y[inside], cv2.INTER_LINEAR)


@pytest.mark.parametrize("radius", [70.0, 110.0, 150.0])
def test_gaps_are_closed_along_the_trail(radius: float) -> None:
    picture = trails(4, radius)
    closed = FillGaps(FillGapsSettings(length_px=6))(picture)
    assert along(picture, radius).min() < 400
    assert along(closed, radius).min() > 600
    assert (closed >= picture).all()
    whole = trails(0, radius)
    assert closed[cv2.dilate(whole, np.ones((3, 3))) < 20].max() < 40  # nothing beside the trail


def test_trails_beside_each_other_stay_apart() -> None:
    picture = trails(4, 100, 107)
    closed = FillGaps(FillGapsSettings(length_px=6))(picture)
    angles = np.linspace(-2.2, -0.9, 200)
    x, y = (centre + 103.5 * way(angles) for centre, way in zip(POLE, (np.cos, np.sin), strict=True))
    values = closed[np.rint(y).astype(int), np.rint(x).astype(int)]
    assert np.median(values) < 100


def test_noise_is_left_alone() -> None:
    sky = np.random.default_rng(2).normal(100, 5, (150, 150, 3)).astype(np.float32)
    filled = FillGaps()(sky)
    assert (filled != sky).mean() < 0.001


def test_the_sky_beside_trails_is_left_alone() -> None:
    sky = np.random.default_rng(2).normal(100, 5, (160, 200)).astype(np.float32)
    picture = sky + trails(4, 70.0, 110.0, 150.0)
    beside = cv2.dilate(trails(0, 70.0, 110.0, 150.0), np.ones((7, 7))) < 1
    changed = FillGaps()(picture) != picture
    assert changed[~beside].any()
    assert changed[beside].mean() < 0.001
