"""Sky level and noise of a plane on a coarse mesh."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.frame import DoubleArray, FloatArray

SAMPLES_PER_CELL = 512
"""Enough for the median to scatter by 6 % of the noise, few enough to sort in a millisecond."""

BEND_PX = 6
"""Distance of the pixels that a pixel is compared with: beyond the reach of the filter."""

LOWER_SIGMA = 0.158655
"""Share of a normal distribution below the mean less one standard deviation."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Level and noise per cell of a plane.

    Attributes
    ----------
    level, noise : array
        ``(rows, columns)`` float32, in the plane's unit; noise above zero.
    cell_height, cell_width : int
        Pixels per cell. What is left over at the right and the bottom continues the last cells.
    """

    level: FloatArray
    noise: FloatArray
    cell_height: int
    cell_width: int

    def rows(self, values: FloatArray, rows: slice, width: int) -> FloatArray:
        """Interpolate `values` of this mesh, linearly, to the full-width rows of the plane: new, float32."""
        narrow = _interpolate(values, np.arange(rows.start, rows.stop), self.cell_height)
        covered = values.shape[1] * self.cell_width
        out = np.empty((len(narrow), width), np.float32)
        out[:, :covered] = cv2.resize(narrow, (covered, len(narrow)), interpolation=cv2.INTER_LINEAR)
        out[:, covered:] = out[:, covered - 1 : covered]
        return out

    def at(self, values: FloatArray, x: npt.NDArray[np.generic], y: npt.NDArray[np.generic]) -> DoubleArray:
        """Interpolate `values` of this mesh, linearly, at points of the plane."""
        row, row_share = _cell(y, self.cell_height, values.shape[0])
        column, column_share = _cell(x, self.cell_width, values.shape[1])
        below, right = np.minimum(row + 1, values.shape[0] - 1), np.minimum(column + 1, values.shape[1] - 1)
        upper = values[row, column] * (1 - column_share) + values[row, right] * column_share
        lower = values[below, column] * (1 - column_share) + values[below, right] * column_share
        result: DoubleArray = upper * (1 - row_share) + lower * row_share
        return result


def measure_mesh(plane: FloatArray, cell_px: int, least_noise: float) -> Mesh:
    """Measure level and noise of a plane, robust against stars.

    Parameters
    ----------
    plane : array
        ``(height, width)`` float32, finite.
    cell_px : int
        Wanted side of a cell; smaller where the plane is small.
    least_noise : float
        Noise never falls below this: 8-bit pictures can have a sky of one single value.

    Returns
    -------
    Mesh
        Level is the median after cutting what lies 3 sigma above it; noise the distance from there to the lower
        15.9 % quantile, which stars do not reach, or what differs between neighbours, which a gradient does not, if
        that is less; both median-filtered over 3 x 3 cells.
    """
    height, width = plane.shape
    cell = min(cell_px, max(16, min(height, width) // 8))
    rows, columns = max(1, height // cell), max(1, width // cell)
    samples, bends = _samples(plane, rows, columns)
    levels, spreads = clipped_levels(np.sort(samples, axis=1))
    spreads = np.minimum(spreads, noise_of_bends(np.sort(bends, axis=1)))
    level, noise = (_median_filtered(values, rows, columns) for values in (levels, spreads))
    floor = max(least_noise, 0.25 * float(np.median(noise)), 1e-6 * float(np.abs(level).max()), 1e-30)
    return Mesh(level, np.maximum(noise, np.float32(floor)), height // rows, width // columns)


def _median_filtered(values: FloatArray, rows: int, columns: int) -> FloatArray:
    return np.asarray(cv2.medianBlur(values.reshape(rows, columns), 3), np.float32).reshape(rows, columns)


def _samples(plane: FloatArray, rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Evenly spread pixels of each cell, ``(rows * columns, n)``, and how each bends away from those beside it."""
    cell_height, cell_width = plane.shape[0] // rows, plane.shape[1] // columns
    spare = cell_height * cell_width / SAMPLES_PER_CELL
    step_y = 1 if spare < 2 else 2 if spare < 6 else 4
    step_x = 1 if spare < 4 else 2
    n_y, n_x = max(1, cell_height // step_y), max(1, cell_width // step_x)
    tops = (np.arange(rows)[:, None] * cell_height + np.arange(n_y) * step_y).reshape(-1)
    lefts = (np.arange(columns)[:, None] * cell_width + np.arange(n_x) * step_x).reshape(-1)
    lines = plane[tops]
    picked = lines[:, lefts]
    last = plane.shape[1] - 1
    beside = lines[:, np.maximum(lefts - BEND_PX, 0)] + lines[:, np.minimum(lefts + BEND_PX, last)]
    return tuple(  # type: ignore[return-value]
        np.ascontiguousarray(values.reshape(rows, n_y, columns, n_x).transpose(0, 2, 1, 3)).reshape(rows * columns, -1)
        for values in (picked, picked - beside / 2)
    )


def noise_of_bends(bends: FloatArray, count: npt.NDArray[np.intp] | None = None) -> FloatArray:
    """Noise from rising values of ``p - (left + right) / 2``, ``(n, m)``, of which the first `count` are used.

    They do not see a gradient, and are sqrt(1.5) times as wide as the noise.
    """
    whole = np.full(len(bends), bends.shape[1]) if count is None else count
    every = np.arange(len(bends))
    lower, upper = (bends[every, (share * whole).astype(np.intp)] for share in (LOWER_SIGMA, 1 - LOWER_SIGMA))
    noise: FloatArray = (upper - lower) / np.float32(2 * 1.5**0.5)
    return noise


def clipped_levels(
    samples: FloatArray, count: npt.NDArray[np.intp] | int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return level and noise of each row of rising samples ``(n, m)``, of which the first `count` are used.

    Level is the median after cutting what lies 3 sigma above it, noise the distance from there to the lower 15.9 %
    quantile, which stars do not reach (to the upper one where a clipped sky leaves nothing below the median). It is
    0 where all are equal.
    """
    whole = np.broadcast_to(samples.shape[1] if count is None else count, len(samples)).astype(np.intp)
    every = np.arange(len(samples))
    kept = whole
    for _ in range(3):
        level = samples[every, kept // 2]
        noise = level - samples[every, (kept * LOWER_SIGMA).astype(np.intp)]
        upper = samples[every, (kept * (1 - LOWER_SIGMA)).astype(np.intp)] - level
        noise = np.where(noise > 0, noise, upper)
        limit = level + 3 * noise
        kept = np.maximum((samples <= limit[:, None]).sum(axis=1), whole // 4 + 1)
    return level, noise


def _interpolate(values: FloatArray, y: npt.NDArray[np.intp], cell_height: int) -> FloatArray:
    row, share = _cell(y, cell_height, values.shape[0])
    below = np.minimum(row + 1, values.shape[0] - 1)
    part = share.astype(np.float32)[:, None]
    result: FloatArray = values[row] * (1 - part) + values[below] * part
    return result


def _cell(position: npt.NDArray[np.generic], side: int, count: int) -> tuple[npt.NDArray[np.intp], DoubleArray]:
    """The cell whose centre lies before each position, and the share of the way to the next one's."""
    place = np.clip((np.asarray(position, np.float64) + 0.5) / side - 0.5, 0, count - 1)
    first = place.astype(np.intp)
    return first, place - first
