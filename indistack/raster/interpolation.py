"""A sub on the grid by interpolation: debayered, brought to the reference's ADU, warped."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from indistack.raster.adu_scale import Light
from indistack.raster.clamp import Clamp, hold_colours
from indistack.raster.fixed_phase import SPILL_PX, blocks_of, filter_blocks, is_turned
from indistack.raster.pixel_map import pixel_map_of
from indistack.raster.warp import KERNELS, Footprint, KernelName, Sampled, regridded, resample
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CfaPattern, FloatArray, PixelArray
from indistack.values.grid import Box, PlacedSub, StackGrid, grown, shape_of

BAD_LEAK = 0.01
"""A warped pixel is dropped when bad pixels hold more than this share of its bilinear footprint."""


class Debayer(Protocol):
    """Makes RGB from a box of a CFA plane whose first pixel has the phase that the pattern names.

    Attributes
    ----------
    margin_px : int
        How far a pixel's colour depends on its neighbours, in pixels of the result.
    shrink : int
        1, or 2 or 4 where each 2x2 or 4x4 cell becomes one pixel.
    takes_floats : bool
        It makes float32 of float32, by sums that leave a smooth surface under each colour as it is: then a sub is
        matched before it is debayered, which has less to do, and held afterwards, for sums may swing past an edge.
    """

    margin_px: int
    shrink: int
    takes_floats: bool

    def __call__(self, box: PixelArray, cfa: CfaPattern, out: PixelArray | None = None) -> PixelArray:
        """``(h, w)`` uint16 -> ``(h // shrink, w // shrink, 3)`` uint16, R, G, B; in `out` where that is given.

        Called from several threads.
        """


class Interpolation:
    """One sub, asked for one box of the grid at a time.

    Parameters
    ----------
    sub : PlacedSub
        The sub.
    grid : StackGrid
        The grid.
    debayer : Debayer
        Used where the frame is CFA; one that shrinks halves other frames too.
    kernel : str
        A name of `warp.KERNELS`.
    workers : Workers
        Whose scratch is used.
    """

    def __init__(self, sub: PlacedSub, grid: StackGrid, debayer: Debayer, kernel: KernelName, workers: Workers) -> None:
        self._frame = frame = sub.frame
        self._weight = sub.weight
        self._debayer = debayer
        self._kernel = KERNELS[kernel]
        self._scratch = workers.scratch
        self._shrink = shrink = debayer.shrink
        self._size = frame.height // shrink, frame.width // shrink
        place = regridded(grid.place(sub.transform), shrink, (shrink - 1) / 2)
        self._pixel_map = pixel_map_of(place, grid.size, self._kernel.ripple_px, workers.scratch)
        self._turned = is_turned(self._pixel_map, (slice(0, grid.height), slice(0, grid.width)))
        self._reach_px = self._kernel.reach_px + (debayer.margin_px if frame.cfa else 0)
        self._light = Light(sub, shrink)
        self._as_floats = frame.cfa is not None and debayer.takes_floats
        self._clamp = Clamp(frame, self._light, shrink) if self._kernel.overshoots or self._as_floats else None

    def sample(self, grid_box: Box) -> Sampled | None:
        """Interpolate a box of the grid from the debayered sub; see `tiles.Sampler.sample`.

        Parameters
        ----------
        grid_box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        (array, float or array) or None
            Pixels ``(h, w)`` or ``(h, w, 3)`` float32, ADU, scratch; the sub's weight, or ``(h, w)`` float32, scratch,
            where it differs over the box. None where the sub reaches nothing.
        """
        footprint = Footprint.of(self._pixel_map, grid_box, self._size, self._reach_px)
        weight = None if footprint is None else self._weights(footprint, grid_box)
        if footprint is None or weight is None:
            return None
        box = footprint.box
        steep = None if self._clamp is None else self._clamp.steep_cells(box)
        colours = self._colours(box, steep)
        pixels = self._warped(colours, box, grid_box)
        if self._clamp is not None:
            self._clamp.hold_range(pixels, box)
            if steep is not None and self._kernel.overshoots:
                places = self._pixel_map.sources(grid_box, (box[1].start, box[0].start), every=2)
                self._clamp.hold(pixels, colours, steep, places)
        return pixels, weight

    def _warped(self, colours: FloatArray, box: Box, grid_box: Box) -> FloatArray:
        """Bring a box of the frame to the grid, by filters where that pays."""
        height, width = shape_of(grid_box)
        turned = box if self._turned else None
        blocks = blocks_of(self._pixel_map, grid_box, turned) if self._kernel.flag == cv2.INTER_CUBIC else []
        spill = SPILL_PX if blocks else 0
        out: FloatArray = self._scratch("warped", (height + spill, width + spill, *colours.shape[2:]), np.float32)
        if blocks:
            source = colours if turned is None else np.asarray(cv2.flip(colours, -1), np.float32)
            filter_blocks(blocks, source, (box[0].start - grid_box[0].start, box[1].start - grid_box[1].start), out)
        else:
            resample(self._pixel_map, colours, box, grid_box, self._kernel.flag, out, cv2.BORDER_REPLICATE)
        return out[:height, :width]

    def _colours(self, box: Box, steep: BoolArray | None) -> FloatArray:
        """Float32 ADU of a box of the frame, brought to the reference's; RGB where the frame is CFA."""
        if self._as_floats:
            return self._debayered(box, steep)
        stored = self._stored(box)
        if stored.dtype == np.float32 and self._light.changes_nothing:
            return stored
        adu: FloatArray = self._scratch("adu", stored.shape, np.float32)
        self._light.fill(adu, stored, box)
        return adu

    def _debayered(self, box: Box, steep: BoolArray | None) -> FloatArray:
        """Match a box of a CFA frame and make its colours of that, held in steep places."""
        shape, cfa = shape_of(box), self._frame.cfa
        mosaic: FloatArray = self._scratch("mosaic", shape, np.float32)
        self._light.fill(mosaic, self._frame.pixels[box], box)
        assert cfa is not None
        colours = self._debayer(mosaic, cfa, self._scratch("adu", (*shape, 3), np.float32))
        if steep is not None:
            hold_colours(colours, mosaic, cfa, steep)
        return colours

    def _stored(self, box: Box) -> PixelArray:
        frame, height, width = self._frame, *shape_of(box)
        stored: PixelArray = frame.pixels[grown(box, self._shrink)]
        if frame.cfa is not None:
            return self._debayer(stored, frame.cfa, self._scratch("rgb", (height, width, 3), stored.dtype))
        if self._shrink == 1:
            return stored
        halved = self._scratch("halved", (height, width, *stored.shape[2:]), np.float32)
        return np.asarray(cv2.resize(stored, (width, height), dst=halved, interpolation=cv2.INTER_AREA))

    def _weights(self, footprint: Footprint, grid_box: Box) -> float | FloatArray | None:
        """Weight per pixel; one number where the sub covers the whole box; None where it covers nothing."""
        usable = None if footprint.whole else self._inside(grid_box)
        bad = self._bad(footprint.box)
        if bad is not None:
            good = self._good(bad, footprint.box, grid_box)
            usable = good if usable is None else usable & good
        if usable is None:
            return self._weight
        return usable.astype(np.float32) * np.float32(self._weight) if usable.any() else None

    def _inside(self, grid_box: Box) -> BoolArray:
        places, (height, width) = self._pixel_map.sources(grid_box), self._size
        inside: BoolArray = cv2.inRange(places, (0.0, 0.0), (width - 1.0, height - 1.0)) != 0
        return inside

    def _bad(self, box: Box) -> BoolArray | None:
        """Bad pixels of a box; None where there are none."""
        if self._frame.bad is None:
            return None
        bad: BoolArray = self._frame.bad[grown(box, self._shrink)]
        if not bad.any():
            return None
        height, width = shape_of(box)
        cells: BoolArray = np.any(bad.reshape(height, self._shrink, width, self._shrink), axis=(1, 3))
        return cells

    def _good(self, bad: BoolArray, box: Box, grid_box: Box) -> BoolArray:
        share = self._scratch("share", shape_of(grid_box), np.float32)
        source = bad.astype(np.float32)
        resample(self._pixel_map, source, box, grid_box, cv2.INTER_LINEAR, share, cv2.BORDER_REPLICATE)
        good: BoolArray = share <= BAD_LEAK
        return good
