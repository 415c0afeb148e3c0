"""Subs for the gallery that nobody has to photograph: a halo round the Sun, and a night over a hill."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

HEIGHT, WIDTH = 480, 720
Picture = npt.NDArray[np.floating]

HALO_SUBS, HALO_PX, SUN = 24, 150.0, (360.0, 300.0)
"""Radius of 22 degrees, and the Sun's place."""

TRAIL_SUBS, TURN_DEG, POLE = 40, 0.6, (420.0, 120.0)
"""The sky turns so far about the pole from one sub to the next."""


def halo_subs(folder: Path) -> None:
    """Write subs of a 22 degree halo, hardly brighter than the sky, whose Sun is blocked by a hand's breadth."""
    rng = np.random.default_rng(22)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    radius = np.hypot(x - SUN[0], y - SUN[1])
    glare = 0.35 * np.exp(-radius / 130)
    sky = np.array([0.30, 0.42, 0.58]) * (1 - 0.25 * y / HEIGHT)[..., np.newaxis] + glare[..., np.newaxis]
    # red is bent least: the ring's inner edge is red, and it fades outwards
    rings = np.stack([_ring(radius - HALO_PX * bent) for bent in (0.985, 1.0, 1.012)], axis=2)
    for number in range(HALO_SUBS):
        clouds = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 40)
        thickness = 1 + 0.35 * clouds / clouds.std()
        sub = sky * (1 + 0.04 * clouds / clouds.std())[..., np.newaxis] + 0.035 * rings * thickness[..., np.newaxis]
        sub[radius < 45] = 0.04
        _write(folder, number, sub + rng.normal(0, 0.02, sub.shape))


def trail_subs(folder: Path) -> None:
    """Write subs of a camera that stands still: stars turn about the pole above a hill, which ``hill.png`` shows."""
    rng = np.random.default_rng(7)
    stars = rng.uniform((-WIDTH, -HEIGHT), (2 * WIDTH, 2 * HEIGHT), (1500, 2)) - POLE
    light = np.minimum(10 ** rng.uniform(-0.9, 0.5, 1500), 2)[:, np.newaxis] * rng.uniform(0.7, 1, (1500, 3))
    line = HEIGHT - 90 - 30 * np.sin(np.arange(WIDTH) / 120) - 12 * np.sin(np.arange(WIDTH) / 37)
    ground = np.arange(HEIGHT)[:, np.newaxis] > line
    cv2.imwrite(str(folder.with_name("hill.png")), 255 * ground.astype(np.uint8))
    for number in range(TRAIL_SUBS):
        turn = np.radians(TURN_DEG * number)
        places = stars @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + POLE
        sub = np.full((HEIGHT, WIDTH, 3), (0.045, 0.05, 0.075))
        inside = (places > 1).all(axis=1) & (places < (WIDTH - 2, HEIGHT - 2)).all(axis=1)
        drops = np.zeros_like(sub)
        column, row = np.rint(places[inside]).astype(int).T
        np.add.at(drops, (row, column), 6 * light[inside])
        sub += cv2.GaussianBlur(drops, (0, 0), 0.9)
        sub[ground] = (0.03, 0.035, 0.025)
        _write(folder, number, sub + rng.normal(0, 0.012, sub.shape))


def _ring(off_px: Picture) -> Picture:
    """Brightness of the halo so far outside its edge: it begins at once, and ends slowly."""
    return np.where(off_px > 0, np.exp(-off_px / 30), np.exp(off_px / 3))


def _write(folder: Path, number: int, sub: Picture) -> None:
    folder.mkdir(exist_ok=True)
    levels = np.rint(255 * np.clip(sub, 0, 1)).astype(np.uint8)
    cv2.imwrite(str(folder / f"{number:03}.png"), levels[..., ::-1])
