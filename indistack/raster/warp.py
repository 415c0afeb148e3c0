"""From the grid back to the frame: where each output pixel comes from, and the resampling of a box from there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import cv2
import numpy as np

from indistack.system.workers import Scratch
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.grid import Box
from indistack.values.transform import Transform

KNOTS_PX = 32
"""Between points this far apart a bent map is taken as bilinear: a bend of 50 px at 3000 px from the middle is missed
by less than 0.002 px (its coefficient times a quarter of the step squared)."""

NOTHING = np.empty((0, 0), np.float32)

KernelName = Literal["linear", "cubic", "lanczos"]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A way to interpolate by OpenCV, which rounds positions to 1/32 px.

    Attributes
    ----------
    flag : int
        OpenCV's word for it.
    reach_px : int
        How many pixels on each side of a position it reads.
    ripple_px : float
        ``ripple_px * sin(2 pi x)`` is added to positions. Keys' cubic with OpenCV's a = -0.75 does not give a ramp
        back: it moves what it fetches by ``0.049 sin(2 pi x)`` px. Taking back all of it suits a ramp; six tenths suit
        stars of all sizes, whose centroids then err by 0.001 to 0.010 px rms an axis at FWHM 2.5 to 6 px, 0.017 at 2
        (without: 0.015 to 0.031, and 0.005).
    """

    flag: int
    reach_px: int
    ripple_px: float = 0.0


KERNELS: dict[KernelName, Kernel] = {
    "linear": Kernel(cv2.INTER_LINEAR, 1),
    "cubic": Kernel(cv2.INTER_CUBIC, 2, -0.03),
    "lanczos": Kernel(cv2.INTER_LANCZOS4, 4),
}


class PixelMap(Protocol):
    """Tells where grid pixels lie in a frame."""

    def sources(self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False) -> FloatArray:
        """Frame positions (x, y) of a box of grid pixels, ``(h, w, 2)``, to 0.001 px; scratch.

        `origin` (x, y) is taken off, and the kernel's ripple added where `ripple` says so.
        """

    def outline(self, grid_box: Box) -> tuple[DoubleArray, DoubleArray]:
        """Return where the border of a box lies in the frame.

        Parameters
        ----------
        grid_box : (slice, slice)
            Rows and columns of the grid (px).

        Returns
        -------
        x, y : array
            ``(n,)`` float64 each, px of the frame, between whose extremes all positions of the box lie.
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


def regridded(transform: Transform, step_px: float, origin_px: float) -> Transform:
    """Return a transform for a frame of other pixels: its pixel i lies at ``step_px * i + origin_px`` of the old."""
    to_old = np.array([[step_px, 0.0, origin_px], [0.0, step_px, origin_px], [0.0, 0.0, 1.0]])
    bend = transform.bend
    if bend is not None:
        x, y = ((centre - origin_px) / step_px for centre in bend.centre_px)
        bend = replace(bend, centre_px=(x, y), reach_px=bend.reach_px / step_px)
    return replace(transform, matrix=transform.matrix @ to_old, bend=bend)


def shape_of(box: Box) -> tuple[int, int]:
    """Height and width of a box."""
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def grown(box: Box, times: int) -> Box:
    """Return the same box on a grid of so many pixels for each."""
    return slice(times * box[0].start, times * box[0].stop), slice(times * box[1].start, times * box[1].stop)


def resample(
    pixel_map: PixelMap, source: FloatArray, box: Box, grid_box: Box, flag: int, out: FloatArray, outside: int
) -> None:
    """Interpolate a box of the grid from a box of the frame.

    Parameters
    ----------
    pixel_map : PixelMap
        Tells where grid pixels lie in the frame.
    source : array
        ``(h, w)`` or ``(h, w, 3)`` float32, the box of the frame; unchanged. A NaN spreads as far as the kernel
        reaches.
    box : (slice, slice)
        Where it is in the frame (px).
    grid_box : (slice, slice)
        The box of the grid (px).
    flag : int
        OpenCV's word for the kernel; the cubic one is steered by the map's ripple, see `Kernel`.
    out : array
        ``(h, w)`` or ``(h, w, 3)`` float32; filled in place.
    outside : int
        OpenCV's word for what lies beyond the source.
    """
    places = pixel_map.sources(grid_box, (box[1].start, box[0].start), ripple=flag == cv2.INTER_CUBIC)
    cv2.remap(source, places, None, flag, dst=out, borderMode=outside)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where a box of the grid lies on a frame.

    Attributes
    ----------
    box : (slice, slice)
        The frame's rows and columns that it needs, beginning on even ones so that the CFA's phase stays.
    whole : bool
        The frame covers all of it.
    """

    box: Box
    whole: bool

    @staticmethod
    def of(
        pixel_map: PixelMap, grid_box: Box, size: tuple[int, int], reach_px: int, spill_px: int = 0
    ) -> Footprint | None:
        """Find it for a frame of `size` (height, width); None where the box lies further beside it than `spill_px`."""
        x, y = pixel_map.outline(grid_box)
        spans = [(values.min(), values.max(), length) for values, length in zip((y, x), size, strict=True)]
        if any(high < -spill_px or low > length - 1 + spill_px for low, high, length in spans):
            return None
        rows, cols = (_needed(low, high, length, reach_px) for low, high, length in spans)
        return Footprint((rows, cols), all(low >= 0 and high <= length - 1 for low, high, length in spans))


def _needed(low: float, high: float, length: int, reach_px: int) -> slice:
    least = 2 * reach_px + 2  # a sliver at the frame's edge still needs neighbours
    start = max(0, min(math.floor(low) - reach_px, length - least)) & ~1
    return slice(start, min(length, max(math.ceil(high) + reach_px + 1, start + least)))


class _Affine:
    """By an affine matrix.

    Positions are a product of two small matrices, ripple included: the sine of the sum of a row's part and a column's
    part is a sum of two products. Sines pixel by pixel would cost a third of a warp.
    """

    def __init__(self, matrix: DoubleArray, size: tuple[int, int], ripple_px: float, scratch: Scratch) -> None:
        self._matrix = matrix
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

    def sources(self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False) -> FloatArray:
        height, width = shape_of(grid_box)
        down = (self._down if ripple else self._straight)[grid_box[0]].copy()
        down[:, 0] -= origin[0]
        down[:, 4] -= origin[1]
        across = self._across[:, grid_box[1]].reshape(8, 2 * width)
        places: FloatArray = self._scratch("places", (height, 2 * width), np.float32)
        cv2.gemm(down, across, 1.0, NOTHING, 0.0, dst=places)
        return places.reshape(height, width, 2)

    def outline(self, grid_box: Box) -> tuple[DoubleArray, DoubleArray]:
        return _project(self._matrix, _corners(grid_box))


class _Projective:
    """By a matrix with a perspective."""

    def __init__(self, matrix: DoubleArray, ripple_px: float) -> None:
        self._matrix = matrix
        self._ripple_px = ripple_px

    def sources(self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False) -> FloatArray:
        places = np.stack(_project(self._matrix, _grid(grid_box)), axis=-1) - origin
        return _rippled(places, self._ripple_px if ripple else 0.0)

    def outline(self, grid_box: Box) -> tuple[DoubleArray, DoubleArray]:
        return _project(self._matrix, _corners(grid_box))


class _Bent:
    """By a transform that no matrix undoes: exact at knots, bilinear between them."""

    def __init__(self, transform: Transform, ripple_px: float) -> None:
        self._transform = transform
        self._ripple_px = ripple_px

    def sources(self, grid_box: Box, origin: tuple[int, int] = (0, 0), ripple: bool = False) -> FloatArray:
        ys, xs = _grid(grid_box)
        knots_x, knots_y = _knots(xs), _knots(ys)
        across, down = _hats(xs, knots_x).T, _hats(ys, knots_y)
        places = np.stack([down @ at_knots @ across for at_knots in self._back(knots_x, knots_y)], axis=-1)
        return _rippled(places - origin, self._ripple_px if ripple else 0.0)

    def outline(self, grid_box: Box) -> tuple[DoubleArray, DoubleArray]:
        ys, xs = _grid(grid_box)
        return self._back(_knots(xs), _knots(ys))

    def _back(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        points = np.stack(np.meshgrid(xs, ys), axis=-1)
        x, y = self._transform.back(points.reshape(-1, 2)).T.reshape(2, *points.shape[:2])
        return x, y


def _grid(box: Box) -> tuple[DoubleArray, DoubleArray]:
    """The rows' y and the columns' x."""
    return np.arange(box[0].start, box[0].stop, dtype=np.float64), np.arange(
        box[1].start, box[1].stop, dtype=np.float64
    )


def _corners(box: Box) -> tuple[DoubleArray, DoubleArray]:
    """The first and the last row's y and column's x."""
    rows, cols = (np.array([part.start, part.stop - 1], np.float64) for part in box)
    return rows, cols


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
