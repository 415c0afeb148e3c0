"""From the grid back to the frame: where each pixel of the grid comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from indistack.system.workers import Scratch
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.grid import Box
from indistack.values.transform import Transform

KNOTS_PX = 32
"""Between points this far apart a bent map is taken as bilinear: a bend of 50 px at 3000 px from the middle is missed
by less than 0.002 px (its coefficient times a quarter of the step squared)."""


Lines = list[list[float]]
"""Numbers for a few rows and columns: at so few places they are sooner reckoned one by one than as arrays."""

Span = tuple[float, float]


class PixelMap(Protocol):
    """Tells where grid pixels lie in a frame."""

    def sources(
        self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False, every: int = 1
    ) -> FloatArray:
        """Frame positions (x, y) of a box of grid pixels, ``(h, w, 2)``, to 0.001 px; scratch.

        `origin` (x, y) is taken off, and the kernel's ripple added where `ripple` says so; of rows and columns one of
        `every` is taken.
        """

    def at(self, ys: Sequence[float], xs: Sequence[float]) -> tuple[Lines, Lines]:
        """Return where a few places of the grid lie in the frame, exactly.

        Parameters
        ----------
        ys, xs : sequence of float
            The rows' y and the columns' x.

        Returns
        -------
        x, y : list of list of float
            A list for each row (px of the frame).
        """

    def spans(self, grid_box: Box) -> tuple[Span, Span]:
        """Return between what y and what x of the frame all positions of a box lie.

        Parameters
        ----------
        grid_box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        y, x : (float, float)
            The least and the greatest (px of the frame).
        """


def pixel_map_of(transform: Transform, size: tuple[int, int], ripple_px: float, scratch: Scratch) -> PixelMap:
    """Return the way back through a transform from frame to a grid of that size (height, width)."""
    if transform.bend is not None:
        return _Bent(transform, ripple_px)
    inverse: DoubleArray = np.linalg.inv(transform.matrix).astype(np.float64)
    inverse /= inverse[2, 2]
    if np.allclose(inverse[2, :2], 0.0, atol=1e-15):
        return _Affine(inverse, size, ripple_px, scratch)
    return _Projective(inverse, ripple_px)


class _Affine:
    """By an affine matrix.

    Positions are a product of two small matrices, ripple included: the sine of the sum of a row's part and a column's
    part is a sum of two products. Sines pixel by pixel would cost a third of a warp.
    """

    def __init__(self, matrix: DoubleArray, size: tuple[int, int], ripple_px: float, scratch: Scratch) -> None:
        self._rows = matrix.tolist()
        self._scratch = scratch
        xs, ys = np.arange(size[1]), np.arange(size[0])
        self._down, self._across = np.ones((len(ys), 8), np.float32), np.zeros((8, len(xs), 2), np.float32)
        for axis, (per_x, per_y, start) in enumerate(matrix[:2]):
            down, across = per_y * ys + start, per_x * xs
            turned, turn = 2 * np.pi * down, 2 * np.pi * across
            rows = [down, np.ones_like(down), ripple_px * np.sin(turned), ripple_px * np.cos(turned)]
            self._down[:, 4 * axis : 4 * axis + 4] = np.stack(rows, axis=1)
            self._across[4 * axis : 4 * axis + 4, :, axis] = [np.ones_like(across), across, np.cos(turn), np.sin(turn)]
        self._straight = self._down.copy()
        self._straight[:, [2, 3, 6, 7]] = 0

    def sources(
        self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False, every: int = 1
    ) -> FloatArray:
        down = (self._down if ripple else self._straight)[grid_box[0]][::every].copy()
        down[:, 0] -= origin[0]
        down[:, 4] -= origin[1]
        picked = self._across[:, grid_box[1]][:, ::every]
        height, width = len(down), picked.shape[1]
        across = picked.reshape(8, 2 * width)
        places: FloatArray = self._scratch("places", (height, 2 * width), np.float32)
        np.matmul(down, across, out=places)  # a third of the time of OpenCV's gemm
        return places.reshape(height, width, 2)

    def at(self, ys: Sequence[float], xs: Sequence[float]) -> tuple[Lines, Lines]:
        (a, b, x0), (c, d, y0), _ = self._rows
        return [[b * y + (a * x + x0) for x in xs] for y in ys], [[d * y + (c * x + y0) for x in xs] for y in ys]

    def spans(self, grid_box: Box) -> tuple[Span, Span]:
        return _spans(self.at(*_corners(grid_box)))


class _Projective:
    """By a matrix with a perspective."""

    def __init__(self, matrix: DoubleArray, ripple_px: float) -> None:
        self._matrix = matrix
        self._ripple_px = ripple_px

    def sources(
        self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False, every: int = 1
    ) -> FloatArray:
        places = np.stack(_project(self._matrix, _grid(grid_box, every)), axis=-1) - origin
        return _rippled(places, self._ripple_px if ripple else 0.0)

    def at(self, ys: Sequence[float], xs: Sequence[float]) -> tuple[Lines, Lines]:
        x, y = _project(self._matrix, (np.asarray(ys, np.float64), np.asarray(xs, np.float64)))
        return x.tolist(), y.tolist()

    def spans(self, grid_box: Box) -> tuple[Span, Span]:
        return _spans(self.at(*_corners(grid_box)))


class _Bent:
    """By a transform that no matrix undoes: exact at knots, bilinear between them."""

    def __init__(self, transform: Transform, ripple_px: float) -> None:
        self._transform = transform
        self._ripple_px = ripple_px

    def sources(
        self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False, every: int = 1
    ) -> FloatArray:
        ys, xs = _grid(grid_box, every)
        knots_x, knots_y = _knots(xs), _knots(ys)
        across, down = _hats(xs, knots_x).T, _hats(ys, knots_y)
        places = np.stack([down @ at_knots @ across for at_knots in self._exactly(knots_y, knots_x)], axis=-1)
        return _rippled(places - origin, self._ripple_px if ripple else 0.0)

    def at(self, ys: Sequence[float], xs: Sequence[float]) -> tuple[Lines, Lines]:
        x, y = self._exactly(np.asarray(ys, np.float64), np.asarray(xs, np.float64))
        return x.tolist(), y.tolist()

    def spans(self, grid_box: Box) -> tuple[Span, Span]:
        ys, xs = _grid(grid_box)
        x, y = self._exactly(_knots(ys), _knots(xs))
        return (float(y.min()), float(y.max())), (float(x.min()), float(x.max()))

    def _exactly(self, ys: DoubleArray, xs: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        points = np.stack(np.meshgrid(xs, ys), axis=-1)
        x, y = self._transform.back(points.reshape(-1, 2)).T.reshape(2, *points.shape[:2])
        return x, y


def _grid(box: Box, every: int = 1) -> tuple[DoubleArray, DoubleArray]:
    """The rows' y and the columns' x, one of `every`."""
    rows, cols = (np.arange(part.start, part.stop, every, dtype=np.float64) for part in box)
    return rows, cols


def _corners(box: Box) -> tuple[Sequence[float], Sequence[float]]:
    """The first and the last row's y and column's x."""
    rows, cols = ((part.start, part.stop - 1) for part in box)
    return rows, cols


def _spans(places: tuple[Lines, Lines]) -> tuple[Span, Span]:
    """Between what y and what x corners lie, given as x and y."""
    x, y = ([place for line in lines for place in line] for lines in places)
    return (min(y), max(y)), (min(x), max(x))


def _project(matrix: DoubleArray, grid: tuple[DoubleArray, DoubleArray]) -> tuple[DoubleArray, DoubleArray]:
    """Map the grid of rows' y and columns' x by a matrix."""
    m, y, x = matrix, grid[0][:, np.newaxis], grid[1][np.newaxis, :]
    scale = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / scale, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / scale


def _rippled(places: DoubleArray, ripple_px: float) -> FloatArray:
    return (places + ripple_px * np.sin(2 * np.pi * places) if ripple_px else places).astype(np.float32)


def _knots(places: DoubleArray) -> DoubleArray:
    """Evenly spaced points from the first of the places to the last; where there is one place only, to the next."""
    first, last = places[0], max(places[-1], places[0] + 1)
    knots: DoubleArray = np.linspace(first, last, 2 + int((last - first) // KNOTS_PX))
    return knots


def _hats(places: DoubleArray, knots: DoubleArray) -> DoubleArray:
    """Weights ``(len(places), len(knots))`` of linear interpolation."""
    weights: DoubleArray = np.clip(1 - np.abs(places[:, np.newaxis] - knots) / (knots[1] - knots[0]), 0, None)
    return weights
