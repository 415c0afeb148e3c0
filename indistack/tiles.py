"""The tile engine: debayer, warp and accumulate one small output tile at a time.

A tile's temporaries fit in the processor's cache and no full-size RGB picture of a sub is ever built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import cv2
import numpy as np

from indistack.canvas import Canvas, Placed
from indistack.frame import BoolArray, CfaPattern, DoubleArray, FloatArray, PixelArray
from indistack.surface import factors
from indistack.warp import mapping_of
from indistack.workers import Workers

SIDE_PX = 256
"""Tile side. Measured at 24 MP: 128 and 512 are slower (call overhead; temporaries that leave the cache)."""

LEAST_SIDE_PX, CUBE_SUBS = 32, 8
"""Boxes for many subs at once: with that many of them the side begins to shrink, to keep the cube near 6 MB."""

Kernel = Literal["linear", "cubic", "lanczos"]
KERNELS: dict[Kernel, int] = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
REACH_PX: dict[Kernel, int] = {"linear": 1, "cubic": 2, "lanczos": 4}

BAD_LEAK = 0.01
"""A warped pixel is dropped when bad pixels hold more than this share of its bilinear footprint."""


class Debayer(Protocol):
    """Makes RGB from a box of a CFA plane whose first pixel has the phase that the pattern names."""

    margin_px: int
    """How far a pixel's colour depends on its neighbours."""

    def __call__(self, box: PixelArray, cfa: CfaPattern, out: PixelArray | None = None) -> PixelArray:
        """``(h, w)`` uint16 -> ``(h, w, 3)`` uint16, R, G, B."""


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
    kernel: Kernel = "cubic"
    drizzle: int = 0


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

    Notes
    -----
    Cubic interpolation by OpenCV (Keys' kernel, a = -0.75, positions rounded to 1/32 px).
    """
    warp = _Warp(sub, canvas, sampling, workers)

    def work(box: tuple[slice, slice]) -> None:
        tile = warp.tile(*box)
        if tile is not None:
            take(tile)

    workers.map(work, _boxes(canvas, SIDE_PX))


def integrate_all(
    subs: Sequence[Placed], canvas: Canvas, sampling: Sampling, take: Callable[[Cube], object], workers: Workers
) -> None:
    """Warp several subs onto a canvas and hand them over together, box by box; see `integrate`.

    The more subs, the smaller the boxes: a thread holds all subs of one box.
    """
    warps = [_Warp(sub, canvas, sampling, workers) for sub in subs]
    side_px = max(LEAST_SIDE_PX, min(SIDE_PX, int(SIDE_PX * math.sqrt(CUBE_SUBS / len(subs)))))

    def work(box: tuple[slice, slice]) -> None:
        cube = _cube(warps, box, workers)
        if cube is not None:
            take(cube)

    workers.map(work, _boxes(canvas, side_px))


def _cube(warps: Sequence[_Warp], box: tuple[slice, slice], workers: Workers) -> Cube | None:
    """All subs' contributions to a box; None where there are none."""
    cube: Cube | None = None
    for number, warp in enumerate(warps):
        tile = warp.tile(*box)  # its pixels are scratch, and gone with the next one
        if tile is None:
            continue
        if cube is None:
            cube = _empty_cube(len(warps), box, tile, workers)
        cube.pixels[number] = tile.pixels
        cube.weight[number] = tile.weight
    return cube


def _empty_cube(n_subs: int, box: tuple[slice, slice], like: Tile, workers: Workers) -> Cube:
    plane = np.shape(like.weight) or like.pixels.shape[:2]
    pixels = workers.scratch("cube", (n_subs, *like.pixels.shape), np.float32)
    weight = workers.scratch("cube_weight", (n_subs, *plane), np.float32)
    pixels[:], weight[:] = 0, 0
    return Cube(*box, pixels, weight)


def _boxes(canvas: Canvas, side_px: int) -> list[tuple[slice, slice]]:
    height, width = canvas.size
    return [
        (slice(y, min(y + side_px, height)), slice(x, min(x + side_px, width)))
        for y in range(0, height, side_px)
        for x in range(0, width, side_px)
    ]


class _Warp:
    """One frame under one transform, asked for one tile at a time."""

    def __init__(self, sub: Placed, canvas: Canvas, sampling: Sampling, workers: Workers) -> None:
        frame, match = sub.frame, sub.match
        self._frame = frame
        self._mapping = mapping_of(canvas.place(sub.transform))
        self._weight = sub.weight
        self._debayer = sampling.debayer
        self._kernel = KERNELS[sampling.kernel]
        self._workers = workers
        self._reach = REACH_PX[sampling.kernel] + (sampling.debayer.margin_px if frame.cfa else 0)
        self._factor = np.float32(frame.step_adu * match.scale)
        pedestal = frame.zero * frame.step_adu * match.scale
        each = match.background * (frame.channels // len(match.background))
        self._down, self._across = factors([(s[0] - pedestal, *s[1:]) for s in each], frame.width, frame.height)
        self._shifts = bool(self._across.any())

    def tile(self, rows: slice, cols: slice) -> Tile | None:
        """Return the frame's contribution to a box of the canvas, None where it has none."""
        xs = np.arange(cols.start, cols.stop, dtype=np.float64)
        ys = np.arange(rows.start, rows.stop, dtype=np.float64)
        corner_x, corner_y = self._mapping.outline(xs, ys)
        right, bottom = self._frame.width - 1, self._frame.height - 1
        whole = min(corner_x.min(), corner_y.min()) >= 0 and corner_x.max() <= right and corner_y.max() <= bottom
        if not whole and (
            corner_x.max() < 0 or corner_y.max() < 0 or corner_x.min() > right or corner_y.min() > bottom
        ):
            return None
        box = self._source_box(corner_x, corner_y)
        pixels = self._warp(self._colours(box), box, rows, cols)
        weight = self._weight_plane(box, rows, cols, xs, ys, whole)
        return None if weight is None else Tile(rows, cols, pixels, weight)

    def _source_box(self, corner_x: DoubleArray, corner_y: DoubleArray) -> tuple[slice, slice]:
        """Box of the frame that the tile needs, starting on even pixels so that the CFA phase stays."""
        slices = []
        for values, size in ((corner_y, self._frame.height), (corner_x, self._frame.width)):
            least = 2 * self._reach + 2  # a sliver at the frame's edge still needs neighbours
            start = max(0, min(math.floor(values.min()) - self._reach, size - least)) & ~1
            stop = min(size, max(math.ceil(values.max()) + self._reach + 1, start + least))
            slices.append(slice(start, stop))
        return slices[0], slices[1]

    def _colours(self, box: tuple[slice, slice]) -> FloatArray:
        """Float32 ADU of a box of the frame, brought to the reference's; RGB where the frame is CFA."""
        frame, workers = self._frame, self._workers
        stored: PixelArray = frame.pixels[box]
        if frame.cfa is not None:
            rgb = workers.scratch("rgb", (*stored.shape, 3), stored.dtype)
            stored = self._debayer(stored, frame.cfa, rgb)
        if stored.dtype == np.float32 and self._factor == 1 and not self._shifts:
            return stored
        adu = workers.scratch("adu", stored.shape, np.float32)
        np.multiply(stored, self._factor, out=adu, dtype=np.float32)
        if self._shifts:
            lines = adu.reshape(len(adu), -1)
            across = self._across[:, box[1]].reshape(len(self._across), -1)
            cv2.gemm(self._down[box[0]], across, 1.0, lines, 1.0, dst=lines)  # lines += down @ across, in one pass
        return adu

    def _warp(self, source: FloatArray, box: tuple[slice, slice], rows: slice, cols: slice) -> FloatArray:
        shape = (rows.stop - rows.start, cols.stop - cols.start, *source.shape[2:])
        out = self._workers.scratch("warped", shape, np.float32)
        return self._mapping.resample(source, box, rows, cols, self._kernel, out)

    def _weight_plane(
        self, box: tuple[slice, slice], rows: slice, cols: slice, xs: DoubleArray, ys: DoubleArray, whole: bool
    ) -> float | FloatArray | None:
        """Weight per pixel; one number where the sub covers the whole tile; None where it covers nothing."""
        usable = None if whole else self._inside(xs, ys)
        bad = self._frame.bad
        if bad is not None and bad[box].any():
            good = self._good(bad[box], box, rows, cols)
            usable = good if usable is None else usable & good
        if usable is None:
            return self._weight
        return usable.astype(np.float32) * np.float32(self._weight) if usable.any() else None

    def _inside(self, xs: DoubleArray, ys: DoubleArray) -> BoolArray:
        source_x, source_y = self._mapping.sources(xs, ys)
        inside_x = (source_x >= 0) & (source_x <= self._frame.width - 1)
        inside: BoolArray = inside_x & (source_y >= 0) & (source_y <= self._frame.height - 1)
        return inside

    def _good(self, bad: BoolArray, box: tuple[slice, slice], rows: slice, cols: slice) -> BoolArray:
        out = np.empty((rows.stop - rows.start, cols.stop - cols.start), np.float32)
        share = self._mapping.resample(bad.astype(np.float32), box, rows, cols, cv2.INTER_LINEAR, out)
        good: BoolArray = share <= BAD_LEAK
        return good
