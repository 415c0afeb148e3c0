"""How even the light over a frame is, from a coarse picture of it."""

from __future__ import annotations

import numpy as np

from indistack.values.frame import DoubleArray, PixelArray, RawFrame

GRID = 16


def coarse_picture(raw: RawFrame) -> DoubleArray:
    """Return the medians of a grid of blocks of a frame, whatever its colours, ``(GRID, GRID)`` float64 (ADU)."""
    return block_medians(raw.pixels.mean(axis=2, dtype=np.float32) if raw.pixels.ndim == 3 else raw.pixels)


def block_medians(plane: PixelArray) -> DoubleArray:
    """Return the medians of a grid of blocks of a plane ``(h, w)``, ``(GRID, GRID)`` float64, in its unit."""
    height, width = (side // GRID // 2 * 2 for side in plane.shape)  # even: all blocks hold the same colours
    step = max(1, int((height * width / 5000) ** 0.5)) | 1  # odd: every colour is met
    blocks = [
        [np.nanmedian(plane[y : y + height : step, x : x + width : step]) for x in range(0, width * GRID, width)]
        for y in range(0, height * GRID, height)
    ]
    return np.array(blocks, np.float64)


def spread_adu(coarse: DoubleArray) -> float:
    """Return how much the darker blocks differ (ADU): an amplifier's glow leaves those at one level, light does not.

    Parameters
    ----------
    coarse : array
        See `coarse_picture`.
    """
    low, high = np.percentile(coarse, [5, 40])
    return float(high - low)


def roughness_of(coarse: DoubleArray) -> float:
    """Return the rms deviation from a surface of fourth order, over the level.

    Parameters
    ----------
    coarse : array
        See `coarse_picture`; finite.
    """
    y, x = np.mgrid[-1 : 1 : GRID * 1j, -1 : 1 : GRID * 1j].reshape(2, -1)
    terms = np.stack([x**i * y**j for i in range(5) for j in range(5 - i)], axis=1)
    values = coarse.ravel() / np.median(coarse)
    fit, *_ = np.linalg.lstsq(terms, values, rcond=None)
    return float(np.std(values - terms @ fit))
