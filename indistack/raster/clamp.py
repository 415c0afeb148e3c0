"""Keeps interpolated pixels within what the frame holds around them: no black hole beside a saturated star."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.raster.adu_scale import Light
from indistack.values.frame import BoolArray, CalibratedFrame, CfaPattern, FloatArray, PixelArray
from indistack.values.grid import Box, grown

STEEP_SIGMA = 40.0
"""Cells of 2 x 2 pixels beside each other that differ by more of their noise make a steep place. A kernel with negative
weights swings past an edge by an eighth of its height: of a lower one, that is lost in the noise of the pixels. To hold
all pixels would cut the crests of the noise, and cost four times as much."""

WINDOW = np.ones((3, 3), np.uint8)
"""In cells: what is compared reaches 2 to 3 px, as far as the cubic kernel."""

AROUND = np.mgrid[-1:2, -1:2].reshape(2, 9, 1).astype(np.float32)
"""From a pixel to itself and to its neighbours, in y and in x."""

AROUND_CELL = np.mgrid[-1:2, -1:2].reshape(2, 9)
"""From a cell to itself and to its neighbours, which the filters of a debayer reach."""

BLOCK = np.mgrid[:2, :2].reshape(2, 4)
"""Rows and columns of the pixels of the grid for which steep places are looked up at once."""

SAMPLE_ROWS = 64
"""Rows of cells that the noise is taken from, all over a frame of any height."""

AT_ONCE = 1024
"""Blocks; OpenCV maps 32767 pixels at most."""


class Clamp:
    """Holds the interpolated pixels of one sub.

    Parameters
    ----------
    frame : CalibratedFrame
        The frame of the sub.
    light : Light
        What the frame's stored values become.
    shrink : int
        What is interpolated are pixels of so many of the frame's.
    """

    def __init__(self, frame: CalibratedFrame, light: Light, shrink: int) -> None:
        self._pixels = frame.pixels
        self._light = light
        self._shrink = shrink
        self._range = _range_of(self._pixels)
        tops = range(0, max(1, len(self._pixels) - 1), 2 * max(1, len(self._pixels) // (2 * SAMPLE_ROWS)))
        sample = np.concatenate([_cells(self._pixels[top : top + 2]) for top in tops])
        self._steep = STEEP_SIGMA / np.sqrt(2) * sigma_of_deviations(np.diff(sample.astype(np.float32), axis=1))

    def steep_cells(self, box: Box) -> BoolArray | None:
        """Find the steep places of a box.

        Parameters
        ----------
        box : (slice, slice)
            Rows and columns of the frame, in the pixels that are interpolated.

        Returns
        -------
        array or None
            ``(h, w)``, for each cell of 2 x 2 pixels of the frame; None where all is flat.
        """
        cells = _cells(self._pixels[grown(box, self._shrink)])
        low, high = _range_of(cells)
        if high - low <= self._steep:
            return None
        steep: BoolArray = np.asarray(cv2.morphologyEx(cells, cv2.MORPH_GRADIENT, WINDOW)) > self._steep
        flags = np.logical_or.reduce(steep, axis=2) if steep.ndim == 3 else steep
        return flags if flags.any() else None

    def hold_range(self, pixels: FloatArray, box: Box) -> None:
        """Hold pixels ``(h, w)`` or ``(h, w, 3)`` (ADU), made of a box of the frame, within its range, in place."""
        (lowest, highest), (low, high) = self._light.span(self._range, box), _range_of(pixels)
        if low < lowest or high > highest:
            np.clip(pixels, lowest, highest, out=pixels)

    def hold(self, pixels: FloatArray, source: FloatArray, flags: BoolArray, places: FloatArray) -> None:
        """Hold pixels in steep places within their neighbours, in place.

        Parameters
        ----------
        pixels : array
            ``(h, w)`` or ``(h, w, 3)`` float32, ADU, interpolated from the source.
        source : array
            ``(h, w)`` or ``(h, w, 3)`` float32, ADU, a box of the frame; unchanged.
        flags : array
            What `steep_cells` says of that box.
        places : array
            ``(h / 2, w / 2, 2)`` float32: x and y in the source of every second of the pixels.
        """
        in_cells = places * np.float32(self._shrink / 2)
        in_cells += np.float32(self._shrink / 4 - 0.5)
        blocks = np.flatnonzero(_nearest(flags.view(np.uint8), in_cells).view(bool))
        slopes = _slopes(places)
        for start in range(0, len(blocks), AT_ONCE):
            some = blocks[start : start + AT_ONCE]
            at = places.reshape(-1, 2).take(some, axis=0)[:, np.newaxis] + slopes
            x, y = at.reshape(-1, 2).T
            neighbours = _nearest(source, x + AROUND[1], y + AROUND[0])
            above, left = np.divmod(some[:, np.newaxis], places.shape[1])
            rows = np.minimum(2 * above + BLOCK[0], len(pixels) - 1).ravel()
            cols = np.minimum(2 * left + BLOCK[1], pixels.shape[1] - 1).ravel()
            held = np.maximum(pixels[rows, cols], neighbours.min(axis=0))
            pixels[rows, cols] = np.minimum(held, neighbours.max(axis=0), out=held)


def hold_colours(colours: FloatArray, mosaic: FloatArray, cfa: CfaPattern, flags: BoolArray) -> None:
    """Hold debayered colours in steep places, in place: none darker than its photosites around, nor brighter than all.

    Parameters
    ----------
    colours : array
        ``(h, w, 3)`` float32, ADU, contiguous; an odd row or column, of which no cell is whole, is held within what the
        mosaic spans.
    mosaic : array
        ``(h, w)`` float32, ADU, from which they were made; unchanged.
    cfa : str
        Its pattern.
    flags : array
        What `Clamp.steep_cells` says of it.
    """
    height, width = len(mosaic) // 2, mosaic.shape[1] // 2
    sites = mosaic[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    cells = colours[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3)
    for odd in (colours[2 * height :], colours[:, 2 * width :]):
        if odd.size:
            np.clip(odd, *_range_of(mosaic), out=odd)
    steep = np.flatnonzero(flags[:height, :width])
    for some in np.array_split(steep, 1 + len(steep) // AT_ONCE):
        above, left = np.divmod(some, width)
        rows = np.clip(above[:, np.newaxis] + AROUND_CELL[0], 0, height - 1)
        cols = np.clip(left[:, np.newaxis] + AROUND_CELL[1], 0, width - 1)
        around = sites[rows, :, cols].reshape(len(some), 9, 4)
        lowest, highest = around.min(axis=1), around.max(axis=(1, 2))
        low = np.stack([lowest[:, [site == colour for site in cfa]].min(axis=1) for colour in "RGB"], axis=1)
        place = above, slice(None), left
        held = np.maximum(cells[place], low[:, np.newaxis, np.newaxis])
        cells[place] = np.minimum(held, highest[:, np.newaxis, np.newaxis, np.newaxis], out=held)


def _slopes(places: FloatArray) -> FloatArray:
    """How far the pixels of a block of 2 x 2 lie from its first in the source, ``(4, 2)`` px."""
    across, down = (
        np.diff(line[:2], axis=0)[0] / 2 if len(line) > 1 else np.zeros(2, np.float32)
        for line in (places[0], places[:, 0])
    )
    return np.asarray(BLOCK[1][:, np.newaxis] * across + BLOCK[0][:, np.newaxis] * down, np.float32)


def _cells(pixels: PixelArray) -> PixelArray:
    """Means of 2 x 2 pixels, in which a mosaic's colours are alike; an odd row or column is left out."""
    height, width = max(1, pixels.shape[0] // 2), max(1, pixels.shape[1] // 2)
    whole = pixels[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def _nearest(source: PixelArray, *places: PixelArray) -> PixelArray:
    """Return the pixels next to places: ``(h, w, 2)``, or x and y."""
    x, y = (*places, None)[:2]
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(source, x, y, cv2.INTER_NEAREST, borderMode=border))  # type: ignore[arg-type]


def _range_of(pixels: PixelArray) -> tuple[float, float]:
    low, high, _, _ = cv2.minMaxLoc(pixels.reshape(len(pixels), -1))
    return low, high
