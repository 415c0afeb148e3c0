"""Hot pixels of pictures that the camera has debayered itself: spots of one colour, three pixels wide, in no other."""

from __future__ import annotations

import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.system.workers import Workers
from indistack.values.frame import IndexArray, PixelArray

REACH_PX = 3
"""Debayering and the compression of a JPEG smear a hot pixel over 3 x 3; at this distance nothing is left of it."""

LEAST_SIGMA, LEAST_SHARE = 15.0, 0.04
"""How far a spot stands out: in units of the noise, and of the brightest, as the sky of a dark JPEG has no noise."""

MOST_SHARE = 0.002
"""Of the pixels, that may stand out so: more are no sky with stars."""

OTHERS_SHARE = 0.1
"""Of its excess, which no other colour has there: the reddest star has more of green."""

SKIRT_SHARE = 0.1
"""Of the excess in the middle, from which on a pixel around belongs to the spot."""

SIDE_PX = 2 * REACH_PX + 1
RING = np.ones((SIDE_PX, SIDE_PX), bool)
RING[1:-1, 1:-1] = False
AWAY = [(dy, dx) for dy in (-REACH_PX, 0, REACH_PX) for dx in (-REACH_PX, 0, REACH_PX) if dy or dx]

SAMPLE_ROWS, STRIP_ROWS = 8, 64


def mend_spots(pixels: PixelArray, workers: Workers) -> int:
    """Replace spots of one colour by the median of the ring around them, in place; return how many.

    Parameters
    ----------
    pixels : array
        ``(height, width, 3)`` float32; stars and sky have light in all three.
    workers : Workers
        The threads that look for them.
    """
    steps = np.diff(pixels[::SAMPLE_ROWS], axis=1)
    least = LEAST_SIGMA / np.sqrt(2) * max(sigma_of_deviations(steps[..., colour]) for colour in range(3))
    least = max(least, LEAST_SHARE * float(pixels.max() - np.median(pixels[::SAMPLE_ROWS])))
    found = np.concatenate(workers.strips(lambda rows: _peaks(pixels, rows, least), len(pixels), STRIP_ROWS))
    if len(found) > MOST_SHARE * pixels[..., 0].size:
        return 0
    return sum(_mend(pixels, least, *map(int, place)) for place in found)


def _peaks(pixels: PixelArray, rows: slice, least: float) -> IndexArray:
    """Rows, columns and colours of what is so much above all that is `REACH_PX` away, ``(n, 3)``."""
    height, width = pixels.shape[:2]
    top, bottom = max(rows.start, REACH_PX), min(rows.stop, height - REACH_PX)
    if top >= bottom or width <= 2 * REACH_PX:
        return np.empty((0, 3), np.intp)
    limit = np.full((bottom - top, width - 2 * REACH_PX, 3), -np.inf, np.float32)
    for dy, dx in AWAY:
        np.maximum(limit, pixels[top + dy : bottom + dy, REACH_PX + dx : width - REACH_PX + dx], out=limit)
    peaks = pixels[top:bottom, REACH_PX : width - REACH_PX] - limit > least
    return np.asarray(np.argwhere(peaks) + np.array([top, REACH_PX, 0]), np.intp)


def _mend(pixels: PixelArray, least: float, y: int, x: int, colour: int) -> bool:
    """Mend the spot at a place, if it is one, and not the rest of one that is mended."""
    around = pixels[y - REACH_PX : y + REACH_PX + 1, x - REACH_PX : x + REACH_PX + 1]
    levels = np.median(around[RING], axis=0)
    above = around[REACH_PX, REACH_PX] - levels
    others = np.delete(above, colour).max()
    if above[colour] <= least or others > OTHERS_SHARE * above[colour]:
        return False
    plane = around[..., colour]
    plane[plane - levels[colour] > SKIRT_SHARE * above[colour]] = levels[colour]
    return True
