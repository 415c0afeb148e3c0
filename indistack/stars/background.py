"""Sky level and noise of a plane on a coarse mesh."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import LOWER_SIGMA
from indistack.values.frame import DoubleArray, FloatArray

SAMPLES_PER_CELL = 512
"""Enough for the median to scatter by 6 % of the noise, few enough to sort in a millisecond."""

BEND_PX = 6
"""Distance of the pixels that a pixel is compared with: beyond the reach of the filter."""

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
        """Interpolate values of this mesh at points of the plane, bilinearly; beyond the outer cells they go on.

        Parameters
        ----------
        values : array
            ``(rows, columns)`` float32, one value a cell.
        x, y : array
            ``(n,)`` of any real dtype, px of the plane.

        Returns
        -------
        array
            ``(n,)`` float64, new, in the unit of `values`.
        """
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
    cell_height = height // rows
    # One thread: its calls are so short that two would wait for each other, and take half as long again.
    measured = [_measure_row(plane, row * cell_height, cell_height, columns) for row in range(rows)]
    level, noise = (cv2.medianBlur(np.stack(lines), 3).reshape(rows, columns) for lines in zip(*measured, strict=True))
    floor = max(least_noise, 0.25 * float(np.median(noise)), 1e-6 * float(np.abs(level).max()), 1e-30)
    return Mesh(np.asarray(level, np.float32), np.maximum(noise, np.float32(floor)), cell_height, width // columns)


def _measure_row(plane: FloatArray, top: int, cell_height: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Level and noise of the cells of one row of the mesh."""
    cell_width = plane.shape[1] // columns
    spare = cell_height * cell_width / SAMPLES_PER_CELL
    step_y = 1 if spare < 2 else 2 if spare < 6 else 4
    step_x = 1 if spare < 4 else 2
    lines = top + np.arange(0, cell_height, step_y)
    last = plane.shape[0] - 1
    thinned = plane[:, : columns * cell_width]
    middle, above, below = (
        _by_cell(thinned[np.clip(lines + step, 0, last)], columns, step_x) for step in (0, -BEND_PX, BEND_PX)
    )
    bends = middle - (above + below) / 2
    level, noise = clipped_levels(np.sort(middle, axis=1))
    return level, np.minimum(noise, noise_of_bends(np.sort(bends, axis=1)))


def _by_cell(lines: FloatArray, columns: int, step: int) -> FloatArray:
    """Every `step`-th pixel of lines of cells, a row for each cell."""
    cells = lines.reshape(len(lines), columns, -1)[:, :, ::step]
    return np.ascontiguousarray(cells.transpose(1, 0, 2)).reshape(columns, -1)


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
