"""Cuts a grid into the boxes that are filled one at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from indistack.values.grid import Box, StackGrid

SIDE_PX, ASPECT = 384, 2
"""Rows of a tile, and how many times as many columns. Threads wait for each other between short calls: with two of
them, at 24 MP, `sigma_clip` takes 1.27 times as long with 256 rows, and 0.94 times with 512; `mean` as long with all
three, and longer beyond, where tiles leave the cache. Square ones are a tenth slower."""

SAMPLE_EVERY = 8
"""Rows of boxes, of which one is looked at where a part must stand for the whole."""

CUBE_SIDE_PX, CUBE_ASPECT = SIDE_PX // 2, 2 * ASPECT
"""The same of a box for many subs at once: half a tile, so that rows of whole tiles are rows of whole boxes."""

LEAST_SIDE_PX, CUBE_SUBS = 32, 5
"""Boxes for many subs at once: beyond that many of them the side shrinks, to keep the cube near 9 MB."""


def tile_boxes(grid: StackGrid) -> list[Box]:
    """Return the tiles of a grid: boxes for one sub at a time."""
    return _boxes(grid, SIDE_PX, ASPECT, ())


def cube_boxes(grid: StackGrid, n_subs: int, bands: Sequence[slice] = ()) -> list[Box]:
    """Return the boxes of a grid for many subs at once.

    Parameters
    ----------
    grid : StackGrid
        The grid.
    n_subs : int
        How many.
    bands : sequence of slice
        Rows of the grid that are wanted; all of them by default.
    """
    side_px = int(CUBE_SIDE_PX * min(1.0, math.sqrt(CUBE_SUBS / n_subs)))
    return _boxes(grid, max(LEAST_SIDE_PX, side_px), CUBE_ASPECT, bands)


def sample_bands(grid: StackGrid) -> list[slice]:
    """Return rows of boxes that stand for the whole grid, one of `SAMPLE_EVERY`, evenly spread."""
    height = grid.size[0]
    whole = max(1, height // CUBE_SIDE_PX)
    count = max(1, round(whole / SAMPLE_EVERY))
    tops = [CUBE_SIDE_PX * ((2 * number + 1) * whole // (2 * count)) for number in range(count)]
    return [slice(top, min(top + CUBE_SIDE_PX, height)) for top in tops]


def _boxes(grid: StackGrid, side_px: int, aspect: int, bands: Sequence[slice]) -> list[Box]:
    (height, width), length_px = grid.size, aspect * side_px
    return [
        (slice(y, min(y + side_px, band.stop)), slice(x, min(x + length_px, width)))
        for band in bands or [slice(0, height)]
        for y in range(band.start, band.stop, side_px)
        for x in range(0, width, length_px)
    ]
