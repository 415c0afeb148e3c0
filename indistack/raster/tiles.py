"""The tile engine: debayer, warp and accumulate one small output tile at a time.

A tile's temporaries fit in the processor's cache and no full-size RGB picture of a sub is ever built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from indistack.raster.boxes import cube_boxes, tile_boxes
from indistack.raster.drizzle import Drizzle
from indistack.raster.interpolation import Debayer, Interpolation
from indistack.raster.warp import KernelName, Sampled
from indistack.system.workers import Workers
from indistack.values.frame import FloatArray
from indistack.values.grid import Box, PlacedSub, StackGrid, shape_of


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the grid is filled from a frame.

    Attributes
    ----------
    debayer : Debayer
        Used where the frame is CFA.
    kernel : str
        linear, cubic or lanczos.
    drizzle : int
        0: colours are made by `debayer` and interpolated. 1 or 2: photosites are dropped on a grid of that scale.
    """

    debayer: Debayer
    kernel: KernelName = "cubic"
    drizzle: int = 0

    @property
    def scale(self) -> float:
        """Canvas pixels for each of the reference: 0.5, 1 or 2."""
        return self.drizzle or 1 / self.debayer.shrink


class Sampler(Protocol):
    """One sub, asked for one box of the grid at a time."""

    def sample(self, grid_box: Box) -> Sampled | None:
        """Make a box of the grid from the sub.

        Parameters
        ----------
        grid_box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        (array, float or array) or None
            Pixels, meaningless where the weight is 0, and weight, as in `Tile`; None where the sub reaches nothing of
            the box. Scratch: valid until a sampler of this thread is asked again.
        """


@dataclass(frozen=True, slots=True)
class Tile:
    """What a stack method gets: one sub's contribution to one box of the grid.

    Attributes
    ----------
    rows, cols : slice
        Where in the grid.
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32, ADU; scratch: valid during the call only, and not to be changed.
        Meaningless where weight is 0.
    weight : float or array
        One weight (> 0) for the whole tile, or ``(h, w)`` float32 with 0 where the sub does not reach; ``(h, w, 3)``
        where the extent's `own_weights` says so.
    """

    rows: slice
    cols: slice
    pixels: FloatArray
    weight: float | FloatArray

    def times(self, factor: float) -> Tile:
        """Return the tile with `factor` times its weight; its pixels are shared, a weight ``(h, w)`` is a new array."""
        weight = self.weight * factor if isinstance(self.weight, float) else self.weight * np.float32(factor)
        return replace(self, weight=weight)


@dataclass(frozen=True, slots=True)
class Cube:
    """Several subs' contributions to one box of the grid.

    Attributes
    ----------
    rows, cols : slice
        Where in the grid.
    pixels : array
        ``(n, h, w)`` or ``(n, h, w, 3)`` float32, ADU; scratch, which may be changed.
    weight : array
        ``(n, h, w)`` float32, 0 where a sub does not reach; scratch likewise.
    """

    rows: slice
    cols: slice
    pixels: FloatArray
    weight: FloatArray


def integrate(
    sub: PlacedSub, grid: StackGrid, sampling: Sampling, take: Callable[[Tile], object], workers: Workers
) -> None:
    """Warp a sub onto a grid tile by tile and hand over every tile that it reaches.

    Parameters
    ----------
    sub, grid : PlacedSub, StackGrid
        CFA, mono or RGB; where to.
    sampling : Sampling
        How its pixels come from the frame's.
    take : callable
        Called once per tile, from several threads, never twice for the same box.
    workers : Workers
        The threads.
    """
    sampler = _sampler(sub, grid, sampling, workers)

    def work(box: Box) -> None:
        sampled = sampler.sample(box)
        if sampled is not None:
            take(Tile(*box, *sampled))

    workers.map(work, tile_boxes(grid))


def laid_down(sub: PlacedSub, grid: StackGrid, sampling: Sampling, workers: Workers) -> FloatArray:
    """Return a whole sub as it lies on a grid: for who wants it as a picture, and has the memory.

    Parameters
    ----------
    sub : PlacedSub
        CFA, mono or RGB; its weight does not count.
    grid, sampling, workers
        See `integrate`.

    Returns
    -------
    array
        ``(h, w)`` or ``(h, w, 3)`` float32, ADU, NaN where the sub does not reach or is bad, new.
    """
    picture = np.full((*grid.size, *_colours(sub)), np.nan, np.float32)

    def take(tile: Tile) -> None:
        box = picture[tile.rows, tile.cols]
        box[...] = tile.pixels
        if not isinstance(tile.weight, float):
            box[tile.weight == 0] = np.nan

    integrate(sub, grid, sampling, take, workers)
    return picture


def integrate_all(
    subs: Sequence[PlacedSub],
    grid: StackGrid,
    sampling: Sampling,
    take: Callable[[Cube], object],
    workers: Workers,
    bands: Sequence[slice] = (),
) -> None:
    """Warp several subs onto a grid and hand them over together, box by box; see `integrate`.

    The more subs, the smaller the boxes: a thread holds all subs of one box.

    Parameters
    ----------
    subs : sequence of PlacedSub
        CFA, mono or RGB, all alike.
    grid : StackGrid
        The grid.
    sampling : Sampling
        How its pixels come from the frames'.
    take : callable
        Called with a `Cube` ``(n, h, w)`` or ``(n, h, w, 3)`` for every box that a sub reaches, from several threads.
    workers : Workers
        The threads.
    bands : sequence of slice
        Rows of the grid that are wanted; all of them by default.
    """
    samplers = [_sampler(sub, grid, sampling, workers) for sub in subs]

    def work(box: Box) -> None:
        shape = (len(subs), *shape_of(box), *_colours(subs[0]))
        cube = Cube(*box, workers.scratch("cube", shape, np.float32), workers.scratch("cubed", shape[:3], np.float32))
        reached = [_fill(cube, number, sampler) for number, sampler in enumerate(samplers)]
        if any(reached):
            take(cube)

    workers.map(work, cube_boxes(grid, len(subs), bands))


def _fill(cube: Cube, number: int, sampler: Sampler) -> bool:
    """Fill a sub's part of a cube; tell whether the sub reaches it."""
    sampled = sampler.sample((cube.rows, cube.cols))
    cube.pixels[number], cube.weight[number] = (0, 0) if sampled is None else sampled
    return sampled is not None


def _colours(sub: PlacedSub) -> tuple[int, ...]:
    """Beyond height and width, what shape pixels have."""
    return (3,) if sub.frame.channels == 3 else ()


def _sampler(sub: PlacedSub, grid: StackGrid, sampling: Sampling, workers: Workers) -> Sampler:
    if sampling.drizzle:
        return Drizzle(sub, grid, sampling.drizzle, workers)
    return Interpolation(sub, grid, sampling.debayer, sampling.kernel, workers)
