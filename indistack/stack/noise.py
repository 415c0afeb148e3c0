"""How noisy a stack is."""

from __future__ import annotations

import math

import numpy as np

from indistack.numerics.statistics import robust_sigmas
from indistack.picture.integration import Integration
from indistack.values.frame import FloatArray, IndexArray

LINES = 64
"""Rows that are looked at, evenly spread: their noise is known to 1 % at any size, in 5 ms at 24 MP."""

LEAST_PIXELS = 100
"""Fewer differences tell nothing."""

LAG_PX = 4
"""Pixels that far apart share no noise, however they were interpolated."""


Rows = IndexArray | slice
"""Which rows of a picture."""

ALL_ROWS = slice(None)


def spread_rows(stack: Integration, rows: Rows = ALL_ROWS) -> IndexArray:
    """Return at most some `LINES` of these rows, evenly spread, ``(n,)``."""
    wanted = np.arange(len(stack.weight))[rows]
    return wanted[:: max(1, len(wanted) // LINES)]


def measure_noise(stack: Integration, rows: Rows = ALL_ROWS) -> float:
    """Measure the noise of the picture itself, without what changes slowly across it and without stars.

    Parameters
    ----------
    stack : Integration
        Uncovered pixels are left out.
    rows : array or slice
        Those that are looked at; of many, `LINES`.

    Returns
    -------
    float
        Standard deviation per pixel of the mean of the colours (ADU); NaN where too few pixels are covered.

    Notes
    -----
    From the second differences x(i - 4) - 2 x(i) + x(i + 4), whose standard deviation is sqrt(6) times the noise, by
    their median absolute deviation.
    """
    lines = spread_rows(stack, rows)
    pixels, weight = stack.pixels[lines], stack.weight[lines]
    luminance = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    covered = weight > 0 if weight.ndim == 2 else np.logical_and.reduce(weight > 0, axis=2)
    left, middle, right = slice(None, -2 * LAG_PX), slice(LAG_PX, -LAG_PX), slice(2 * LAG_PX, None)
    differences = luminance[:, left] - 2 * luminance[:, middle] + luminance[:, right]
    inside = differences[covered[:, left] & covered[:, middle] & covered[:, right]]
    if len(inside) < LEAST_PIXELS:
        return math.nan
    return float(robust_sigmas(inside, float(np.median(inside)))) / math.sqrt(6)


def noise_map(stack: Integration) -> FloatArray | None:
    """Return the standard deviation that each pixel of the mean has, as far as its values tell.

    Parameters
    ----------
    stack : Integration
        Of a method that keeps the variance.

    Returns
    -------
    array or None
        ``(height, width)`` float32 ADU, for the mean of the colours; NaN where nothing covers or one sub alone does.
        None where the method keeps no variance.
    """
    if stack.variance is None:
        return None
    known = (stack.weight > 0) & (stack.variance > 0)
    variance = np.divide(stack.variance, stack.weight, out=np.full_like(stack.variance, np.nan), where=known)
    return np.sqrt(variance, out=variance)
