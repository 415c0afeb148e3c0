"""Finds parts of a frame that hold no data: blank rows, a rim of zeros, a block of one value, a row repeated."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.values.frame import BoolArray, FloatArray, PixelArray

BLOCK_PX, STEP_ROWS = 16, 8
"""Blocks of one value are looked for, in every eighth row of them: 32 equal pixels are no sky."""

LEAST_BLOCKS = 4
"""A value that fills fewer whole blocks is looked at only if it is the least or the greatest of all."""

RUN_PX = 15
"""Pixels in a row, or in a column, that dead area is made of."""

PERIODS, COLUMNS = (1, 2), 32
"""Rows are repeated one by one or, of a CFA, two by two; a few columns tell where to look closer."""

MOST_REPEATED = 0.8
"""Share of the rows: where nearly all are alike, the picture is drawn and has no noise."""

LEAST_VARYING = 0.25
"""Share of a row's pixels that differ from the one before: with fewer there is no noise that could not repeat itself,
as in the sky of a video that has been compressed."""

LEAST_SHARE = 2e-4
"""Of the pixels; what is less cannot rule a stack."""

GAP_SIGMA = 8.0
"""Beside dead area the values jump by more than that; beside a clipped star or a black sky they do not."""

RING_PX = 3
"""What lies that near to it is beside it."""


def dead_area(pixels: PixelArray) -> BoolArray | None:
    """Return which pixels hold no data.

    Dead are runs of one value that end in a jump, and rows that are repeated. The sky of a planet is black and the core
    of a star is white over many pixels, too; but there the values on the way to them are met beside them.

    Parameters
    ----------
    pixels : array
        ``(height, width)`` or ``(height, width, 3)``, as recorded; NaN counts as no value of its own.

    Returns
    -------
    array or None
        ``(height, width)`` bool, new, True = no data; None where there is none.
    """
    plane = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, 1])
    if plane.dtype.kind == "i":
        plane = plane.astype(np.float32)
    dead: BoolArray | None = None
    for value in _suspects(plane[::STEP_ROWS]):
        area = _area_of(plane, value)
        if area is not None:
            dead = area if dead is None else dead | area
    repeated = _repeated_rows(plane)
    if repeated.any():
        dead = np.zeros(plane.shape, bool) if dead is None else dead
        dead[repeated] = True
    return dead


def _repeated_rows(plane: PixelArray) -> BoolArray:
    """``(h,)``: where many rows in a row are the one before them again; without noise that may be a black sky."""
    repeated = np.zeros(len(plane), np.uint8)
    thin = plane[:, :: max(1, plane.shape[1] // COLUMNS)]
    for period in PERIODS:
        same = np.flatnonzero((thin[period:] == thin[:-period]).all(axis=1)) + period
        known = np.zeros(len(plane), np.uint8)
        if len(same) >= RUN_PX:
            rows = plane[same]
            known[same] = (rows == plane[same - period]).all(axis=1) & (_varying_share(rows) > LEAST_VARYING)
        repeated |= _runs(known[:, np.newaxis], 1, RUN_PX)[:, 0]
    if repeated.mean() > MOST_REPEATED:
        repeated[:] = 0
    return repeated.view(bool)


def _varying_share(rows: PixelArray) -> FloatArray:
    """``(n,)``: share of each row's pixels that have another value than the one before."""
    share: FloatArray = (rows[:, 1:] != rows[:, :-1]).mean(axis=1, dtype=np.float32)
    return share


def _suspects(thin: PixelArray) -> list[float]:
    """Return values that may be those of dead area: the least, the greatest and those of whole blocks, if many have it.

    `thin` holds some of the rows only.
    """
    high = BLOCK_PX // STEP_ROWS
    rows, columns = thin.shape[0] // high, thin.shape[1] // BLOCK_PX
    if rows == 0 or columns == 0:
        return []
    blocks = thin[: rows * high, : columns * BLOCK_PX].reshape(rows, high, columns * BLOCK_PX)
    least = blocks.min(axis=1).reshape(rows, columns, BLOCK_PX).min(axis=2)
    greatest = blocks.max(axis=1).reshape(rows, columns, BLOCK_PX).max(axis=2)
    values, counts = np.unique(least[least == greatest], return_counts=True)
    frequent = LEAST_SHARE * thin.size
    extremes = (value for value in (thin.min(), thin.max()) if np.count_nonzero(thin == value) > frequent)
    return sorted({*map(float, extremes), *map(float, values[counts >= LEAST_BLOCKS])})


def _area_of(plane: PixelArray, value: float) -> BoolArray | None:
    """Return where runs of a value end in a jump; None where that is nowhere."""
    equal = (plane == value).view(np.uint8)
    if cv2.countNonZero(equal) < LEAST_SHARE * plane.size:
        return None
    area = cv2.bitwise_or(_runs(equal, RUN_PX, 1), _runs(equal, 1, RUN_PX))
    count = cv2.countNonZero(area)
    if count < LEAST_SHARE * plane.size or count == plane.size:
        return None
    ring = cv2.dilate(area, np.ones((2 * RING_PX + 1, 2 * RING_PX + 1), np.uint8)) > area
    return area.view(bool) if _jumps(plane[ring], value) else None


def _runs(equal: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    kernel = np.ones((height, width), np.uint8)
    return np.asarray(cv2.morphologyEx(equal, cv2.MORPH_OPEN, kernel), np.uint8)


def _jumps(beside: PixelArray, value: float) -> bool:
    """Tell whether the values beside an area are all far from its own, in units of their scatter and of their steps."""
    steps = np.unique(beside[np.isfinite(beside)].astype(np.float64))
    if steps.size < 2:
        return False
    away = np.abs(beside[np.isfinite(beside)].astype(np.float64) - value)
    nearest, lower, middle = np.quantile(away, (0.02, 0.16, 0.5))
    scatter = max(middle - lower, float(np.diff(steps).min()))
    return bool(nearest > GAP_SIGMA / 2 * scatter and middle > GAP_SIGMA * scatter)
