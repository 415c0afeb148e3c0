"""A sub on the grid by drizzle: each photosite is dropped where it lies, and nothing is interpolated between them.

Fruchter and Hook, "Drizzle: A Method for the Linear Reconstruction of Undersampled Images", PASP 114, 144 (2002). A
drop is a square of one grid pixel (pixfrac = 1 / scale), which for a turned frame is taken as not turned: then the
share of a grid pixel that a drop covers is a bilinear weight.
"""

from __future__ import annotations

import cv2
import numpy as np

from indistack.raster.adu_scale import Light
from indistack.raster.pixel_map import pixel_map_of
from indistack.raster.warp import Footprint, Sampled, regridded, resample
from indistack.system.workers import Workers
from indistack.values.frame import FloatArray, PixelArray
from indistack.values.grid import Box, PlacedSub, StackGrid, grown, shape_of

REACH_PX = 1

LEAST_WEIGHT = 1e-6
"""Below the smallest step of a bilinear weight by OpenCV, 1 / 1024."""


class Drizzle:
    """One sub, asked for one box of the grid at a time.

    Parameters
    ----------
    sub : PlacedSub
        The sub.
    grid : StackGrid
        The grid, of `scale` pixels for each of the reference.
    scale : int
        1 or 2.
    workers : Workers
        Whose scratch is used.
    """

    def __init__(self, sub: PlacedSub, grid: StackGrid, scale: int, workers: Workers) -> None:
        self._frame = sub.frame
        self._weight = sub.weight
        self._scale = scale
        self._scratch = workers.scratch
        place = grid.place(sub.transform)
        self._to_frame = pixel_map_of(place, grid.size, 0.0, workers.scratch)
        self._to_drops = pixel_map_of(regridded(place, 1 / scale, 0.0), grid.size, 0.0, workers.scratch)
        self._light = Light(sub)

    def sample(self, grid_box: Box) -> Sampled | None:
        """Drop the photosites of the sub on a box of the grid; see `tiles.Sampler.sample`.

        Parameters
        ----------
        grid_box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        (array, array) or None
            Pixels ``(h, w)`` or ``(h, w, 3)`` float32, ADU, scratch: the mean of the drops, weighted by the area that
            falls there (Fruchter and Hook 2002). Weight ``(h, w, 3)`` where the frame is CFA, else ``(h, w)``; float32,
            scratch: 1 for each whole drop, times the sub's, 0 where none falls. None where none falls at all.
        """
        frame = self._frame
        footprint = Footprint.of(self._to_frame, grid_box, (frame.height, frame.width), REACH_PX, REACH_PX)
        if footprint is None:
            return None
        values, drops = self._drops(footprint.box)
        out = self._scratch("warped", (*shape_of(grid_box), *values.shape[2:]), np.float32)
        weight = self._scratch("fallen", (*shape_of(grid_box), *drops.shape[2:]), np.float32)
        self._let_fall(values, footprint.box, grid_box, out)
        self._let_fall(drops, footprint.box, grid_box, weight)
        reached = weight > LEAST_WEIGHT
        if not reached.any():
            return None
        each = (..., *[np.newaxis] * (out.ndim - weight.ndim))
        np.divide(out, weight[each], out=out, where=reached[each])
        weight *= np.float32(self._weight) * reached
        return out, weight

    def _drops(self, box: Box) -> tuple[FloatArray, FloatArray]:
        """Values in the reference's ADU and drops (1, or 0 where there is none) of a box of the frame."""
        stored = self._frame.pixels[box]
        if self._frame.cfa is not None:
            values, drops = self._by_colour(stored, box)
        else:
            values = self._scratch("values", stored.shape, np.float32)
            drops = self._scratch("drops", stored.shape[:2], np.float32)
            self._light.fill(values, stored, box)
            drops[:] = 1
        if self._frame.bad is not None:
            bad = self._frame.bad[box]
            if bad.any():
                values[bad], drops[bad] = 0, 0
        return values, drops

    def _by_colour(self, stored: PixelArray, box: Box) -> tuple[FloatArray, FloatArray]:
        values, drops = (self._scratch(name, (*stored.shape, 3), np.float32) for name in ("values", "drops"))
        values[:], drops[:] = 0, 0
        for index, colour in enumerate(self._frame.cfa or ""):
            cell = np.s_[index // 2 :: 2, index % 2 :: 2]
            values[cell][..., "RGB".index(colour)] = stored[cell]
            drops[cell][..., "RGB".index(colour)] = 1
        self._light.fill(values, values, box)
        values *= drops
        return values, drops

    def _let_fall(self, drops: FloatArray, box: Box, grid_box: Box, out: FloatArray) -> None:
        """Sum, for each pixel of the grid, the drops' parts that it catches."""
        scale = self._scale
        height, width, *channels = drops.shape
        spread = self._scratch("spread", (scale * height, scale * width, *channels), np.float32)
        spread[:] = 0
        spread[::scale, ::scale] = drops
        resample(self._to_drops, spread, grown(box, scale), grid_box, cv2.INTER_LINEAR, out, cv2.BORDER_CONSTANT)
