"""The light of a town over one side of a field: smooth, and brightest at the edge."""

from __future__ import annotations

import numpy as np

from indistack.numerics.statistics import robust_sigma, sigma_of_deviations
from indistack.numerics.surface import lower_surface
from indistack.values.frame import BoolArray, DoubleArray

DEGREE, SKIPPED = 6, 3
"""Of the polynomial that follows it; and every how many cells first tell it."""

LOWER = 0.2
"""Share of the cells below the first surface."""

STEADY = 12.0
"""It is so many times larger than what it leaves, as deviations: nebulae, which have structure, are hardly a half."""

MOST_OBJECTS, OBJECT_SIGMA, ROUNDS = 0.4, 3.0, 5
"""Share of the cells that show objects, which are so far above the surface, in the last of so many rounds."""

AT_EDGE = 1
"""So many cells from the edge, at most, it is brightest: it shines from beyond."""


def dome_of(cells: DoubleArray, rows: int, columns: int) -> tuple[DoubleArray, BoolArray] | None:
    """Return a smooth light over a field, and where nothing else is seen.

    Parameters
    ----------
    cells : array
        ``(rows * columns, channels)`` levels, finite, in any unit; unchanged.
    rows, columns : int
        Of the cells.

    Returns
    -------
    light : array
        ``(cells, channels)``, in the unit of `cells`.
    sky : array
        ``(cells,)`` bool.
        None instead of both where nothing shines so smoothly from beyond the edge.
    """
    design, levels = _powers(rows, columns), cells.mean(axis=1)
    off = levels - design @ lower_surface(design[::SKIPPED], levels[::SKIPPED], LOWER)
    sky = np.ones(len(cells), bool)
    for _ in range(ROUNDS):
        sky = np.abs(off) <= OBJECT_SIGMA * sigma_of_deviations(off[off <= 0]) + 1e-9
        if sky.sum() < 2 * design.shape[1]:
            return None
        squares = design[sky].T @ design[sky]  # which a strip of one row of cells leaves singular
        light = design @ np.linalg.lstsq(squares, design[sky].T @ cells[sky], rcond=None)[0]
        off = levels - light.mean(axis=1)
    bright = light.mean(axis=1)
    row, column = np.unravel_index(int(bright.argmax()), (rows, columns))
    beyond = min(row, column, rows - 1 - row, columns - 1 - column) <= AT_EDGE
    if not beyond or sky.mean() < 1 - MOST_OBJECTS or np.std(bright) < STEADY * robust_sigma(off):
        return None
    return light, sky


def _powers(rows: int, columns: int) -> DoubleArray:
    """Return what all products of powers of x and y are made of, orthogonal, at each cell ``(cells, terms)``."""
    y, x = np.indices((rows, columns)).reshape(2, -1) * 2 / max(rows, columns)
    x, y = x - x.mean(), y - y.mean()
    powers = np.stack([x**i * y**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)], axis=1)
    return np.asarray(np.linalg.qr(powers)[0], np.float64)
