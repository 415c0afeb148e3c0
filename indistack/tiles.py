"""The tile engine: debayer, warp and accumulate one small output tile at a time.

A tile's temporaries fit in the processor's cache and no full-size RGB picture of a sub is ever built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from indistack.canvas import Canvas, Placed
from indistack.drizzle import Drizzle
from indistack.frame import FloatArray
from indistack.interpolation import Debayer, Interpolation
from indistack.warp import Box, KernelName
from indistack.workers import Workers

SIDE_PX = 256
"""Tile side. Measured at 24 MP: 128 and 512 are slower (call overhead; temporaries that leave the cache)."""

LEAST_SIDE_PX, CUBE_SUBS = 32, 8
"""Boxes for many subs at once: with that many of them the side begins to shrink, to keep the cube near 6 MB."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the canvas is filled from a frame.

    Attributes
    ----------
    debayer : Debayer
        Used where the frame is CFA.
    kernel : str
        linear, cubic or lanczos.
    drizzle : int
        0: colours are made by `debayer` and interpolated. 1 or 2: photosites are dropped on a canvas of that scale.
    """

    debayer: Debayer
    kernel: KernelName = "cubic"
    drizzle: int = 0

    @property
    def scale(self) -> float:
        """Canvas pixels for each of the reference: 0.5, 1 or 2."""
        return self.drizzle or 1 / self.debayer.shrink


class Sampler(Protocol):
    """One sub, asked for one box of the canvas at a time."""

    def sample(self, canvas_box: Box) -> tuple[FloatArray, float | FloatArray] | None:
        """Return pixels (scratch) and weight as in `Tile`; None where the sub reaches nothing."""


@dataclass(frozen=True, slots=True)
class Tile:
    """What a stack method gets: one sub's contribution to one box of the canvas.

    Attributes
    ----------
    rows, cols : slice
        Where in the canvas.
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
        """Return the same with another weight."""
        weight = self.weight * factor if isinstance(self.weight, float) else self.weight * np.float32(factor)
        return replace(self, weight=weight)


@dataclass(frozen=True, slots=True)
class Cube:
    """Several subs' contributions to one box of the canvas.

    Attributes
    ----------
    rows, cols : slice
        Where in the canvas.
    pixels : array
        ``(n, h, w)`` or ``(n, h, w, 3)`` float32, ADU; scratch, which may be changed.
    weight : array
        ``(n, h, w)`` float32, 0 where a sub does not reach; ``(n, h, w, 3)`` as in `Tile`.
    """

    rows: slice
    cols: slice
    pixels: FloatArray
    weight: FloatArray


def integrate(
    sub: Placed, canvas: Canvas, sampling: Sampling, take: Callable[[Tile], object], workers: Workers
) -> None:
    """Warp a sub onto a canvas tile by tile and hand over every tile that it reaches.

    Parameters
    ----------
    sub : Placed
        CFA, mono or RGB.
    canvas : Canvas
        The grid.
    sampling : Sampling
        How its pixels come from the frame's.
    take : callable
        Called once per tile, from several threads, never twice for the same box.
    workers : Workers
        The threads.
    """
    sampler = _sampler(sub, canvas, sampling, workers)

    def work(box: Box) -> None:
        sampled = sampler.sample(box)
        if sampled is not None:
            take(Tile(*box, *sampled))

    workers.map(work, _boxes(canvas, SIDE_PX))


def integrate_all(
    subs: Sequence[Placed], canvas: Canvas, sampling: Sampling, take: Callable[[Cube], object], workers: Workers
) -> None:
    """Warp several subs onto a canvas and hand them over together, box by box; see `integrate`.

    The more subs, the smaller the boxes: a thread holds all subs of one box.
    """
    samplers = [_sampler(sub, canvas, sampling, workers) for sub in subs]
    side_px = max(LEAST_SIDE_PX, min(SIDE_PX, int(SIDE_PX * math.sqrt(CUBE_SUBS / len(subs)))))

    def work(box: Box) -> None:
        cube = _cube(samplers, box, workers)
        if cube is not None:
            take(cube)

    workers.map(work, _boxes(canvas, side_px))


def _cube(samplers: Sequence[Sampler], box: Box, workers: Workers) -> Cube | None:
    """All subs' contributions to a box; None where there are none."""
    cube: Cube | None = None
    for number, sampler in enumerate(samplers):
        sampled = sampler.sample(box)
        if sampled is None:
            continue
        pixels, weight = sampled  # scratch, and gone with the next one
        if cube is None:
            cube = _empty_cube(len(samplers), box, pixels, weight, workers)
        cube.pixels[number], cube.weight[number] = pixels, weight
    return cube


def _empty_cube(n_subs: int, box: Box, pixels: FloatArray, weight: float | FloatArray, workers: Workers) -> Cube:
    """Zeros for so many subs like one."""
    cube = Cube(
        *box,
        workers.scratch("cube", (n_subs, *pixels.shape), np.float32),
        workers.scratch("cube_weight", (n_subs, *(np.shape(weight) or pixels.shape[:2])), np.float32),
    )
    cube.pixels[:], cube.weight[:] = 0, 0
    return cube


def _boxes(canvas: Canvas, side_px: int) -> list[Box]:
    height, width = canvas.size
    return [
        (slice(y, min(y + side_px, height)), slice(x, min(x + side_px, width)))
        for y in range(0, height, side_px)
        for x in range(0, width, side_px)
    ]


def _sampler(sub: Placed, canvas: Canvas, sampling: Sampling, workers: Workers) -> Sampler:
    if sampling.drizzle:
        return Drizzle(sub, canvas, sampling.drizzle, workers)
    return Interpolation(sub, canvas, sampling.debayer, sampling.kernel, workers)
