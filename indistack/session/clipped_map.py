"""Where subs were clipped: counted in cells of a few pixels, beside the stack, whatever its method."""

from __future__ import annotations

import math

import numpy as np

from indistack.picture.clipped import CELL_PX
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, CountArray, DoubleArray, FloatArray
from indistack.values.grid import Box, PlacedSub, StackGrid, shape_of

STRIP_ROWS = 256
"""Rows of a frame that are looked at at a time."""

LARGE_SHARE = 0.1
"""Of a strip: where more is clipped, every other photosite each way fills all cells, too."""


class ClippedMap:
    """Counts, for the cells of a grid, the subs that were clipped there.

    Parameters
    ----------
    grid : StackGrid
        The stack's.

    Attributes
    ----------
    counts : array
        ``(rows, columns)`` uint16, of the cells; the state itself.
    """

    def __init__(self, grid: StackGrid) -> None:
        self._grid = grid
        self.counts: CountArray = np.zeros([-(-side // CELL_PX) for side in grid.size], np.uint16)

    def note(self, sub: PlacedSub, workers: Workers) -> None:
        """Count a sub that was added."""
        self.counts += self._cells_of(sub, workers)

    def forget(self, sub: PlacedSub, workers: Workers) -> None:
        """Count a sub no more that was taken out."""
        self.counts -= np.minimum(self.counts, self._cells_of(sub, workers))

    def moved_to(self, grid: StackGrid) -> ClippedMap:
        """Return the map on a larger grid that holds the one so far, by whole cells."""
        larger = ClippedMap(grid)
        offset = grid.matrix[:2, 2] - self._grid.matrix[:2, 2]
        left, top = (round(float(px)) // CELL_PX for px in offset)
        rows, columns = self.counts.shape
        larger.counts[top : top + rows, left : left + columns] = self.counts
        return larger

    def share(self, coverage: CountArray, box: Box) -> FloatArray | None:
        """Return which share of the subs was clipped in the cells of a box of the grid.

        Parameters
        ----------
        coverage : array
            ``(h, w)`` uint16 of the box, which may be binned: subs that reached each pixel; unchanged.
        box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        array or None
            ``(rows, columns)`` float32, 0 to 1, of cells that begin where the box does; None where none was clipped.
        """
        middles = [np.arange(min(CELL_PX // 2, side - 1), side, CELL_PX) for side in shape_of(box)]
        rows, columns = (part.start + middle for part, middle in zip(box, middles, strict=True))
        counts = self.counts[np.ix_(rows // CELL_PX, columns // CELL_PX)]
        if not counts.any():
            return None
        places = zip(middles, coverage.shape, shape_of(box), strict=True)
        reached = np.maximum(coverage[np.ix_(*(middle * size // side for middle, size, side in places))], 1)
        return np.minimum(counts / reached, 1).astype(np.float32)

    def _cells_of(self, sub: PlacedSub, workers: Workers) -> BoolArray:
        """Return which cells a sub is clipped in."""
        hit = np.zeros(self.counts.shape, bool)
        limit = _limit(sub.frame)
        if not math.isfinite(limit):
            return hit
        place = self._grid.place(sub.transform)

        def look(rows: slice) -> None:
            x, y = _clipped_places(sub.frame, rows, limit)
            if len(x) == 0:
                return
            cells = np.floor((place.apply(np.stack([x, y], axis=1)) + 0.5) / CELL_PX).astype(int)
            inside = (cells >= 0).all(axis=1) & (cells < hit.shape[::-1]).all(axis=1)
            hit[cells[inside, 1], cells[inside, 0]] = True

        workers.strips(look, sub.frame.height, STRIP_ROWS)
        return hit


def _limit(frame: CalibratedFrame) -> float:
    """Return the stored value from which on a frame may be clipped; inf where nobody knows."""
    return frame.info.saturation_adu / frame.step_adu + frame.zero - 0.5


def _clipped_places(frame: CalibratedFrame, rows: slice, limit: float) -> tuple[DoubleArray, DoubleArray]:
    """Return x and y ``(n,)`` of the photosites of some rows of a frame that are clipped; of large areas a quarter."""
    pixels = frame.pixels[rows]
    if pixels.dtype.kind == "u":
        if limit > np.iinfo(pixels.dtype).max:
            return np.empty(0), np.empty(0)
        limit = math.ceil(limit)
    colours = pixels.shape[2] if pixels.ndim == 3 else 1
    y, x = np.divmod(np.flatnonzero(pixels >= limit) // colours, frame.width)
    if len(x) > LARGE_SHARE * pixels.size:
        y, x = y[(x | y) % 2 == 0], x[(x | y) % 2 == 0]
    if frame.bad is not None and len(x):
        good = ~frame.bad[rows][y, x]
        y, x = y[good], x[good]
    return x.astype(float), rows.start + y.astype(float)
