"""From the canvas back to the frame: where each output pixel comes from, and the resampling of a box from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import cv2
import numpy as np

from indistack.frame import DoubleArray, FloatArray, Transform

KNOTS_PX = 32
"""Between points this far apart a bent map is taken as bilinear: a bend of 50 px at 3000 px from the middle is missed
by less than 0.002 px (its coefficient times a quarter of the step squared)."""

KernelName = Literal["linear", "cubic", "lanczos"]

Box = tuple[slice, slice]
"""Rows and columns."""


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


class Mapping(Protocol):
    """Tells where canvas pixels lie in a frame."""

    def sources(
        self, xs: DoubleArray, ys: DoubleArray, origin: tuple[int, int] = (0, 0), ripple_px: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        """Frame positions x and y of the grid ``ys x xs`` of canvas pixels, two ``(len(ys), len(xs))`` arrays.

        `origin` (x, y) is taken off, and the ripple of a kernel added.
        """

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Frame positions (x and y) between whose extremes those of the grid lie."""


def mapping_of(transform: Transform) -> Mapping:
    """Return the way back through a transform from frame to canvas."""
    return _Straight(transform) if transform.bend is None else _Bent(transform)


def regridded(transform: Transform, step_px: float, origin_px: float) -> Transform:
    """Return a transform for a frame of other pixels: its pixel i lies at ``step_px * i + origin_px`` of the old one."""
    to_old = np.array([[step_px, 0.0, origin_px], [0.0, step_px, origin_px], [0.0, 0.0, 1.0]])
    bend = transform.bend
    if bend is not None:
        x, y = ((centre - origin_px) / step_px for centre in bend.centre_px)
        bend = replace(bend, centre_px=(x, y), reach_px=bend.reach_px / step_px)
    return replace(transform, matrix=transform.matrix @ to_old, bend=bend)


def grid(rows: slice, cols: slice) -> tuple[DoubleArray, DoubleArray]:
    """Return the columns' x and the rows' y of a box of the canvas."""
    return np.arange(cols.start, cols.stop, dtype=np.float64), np.arange(rows.start, rows.stop, dtype=np.float64)


def resample(
    mapping: Mapping, source: FloatArray, box: Box, canvas_box: Box, kernel: Kernel, out: FloatArray, outside: int
) -> FloatArray:
    """Fill `out`, a box of the canvas, from `source`, a box of the frame.

    `outside` is OpenCV's word for what lies beyond the source.
    """
    origin = (box[1].start, box[0].start)
    x, y = mapping.sources(*grid(*canvas_box), origin, kernel.ripple_px)
    cv2.remap(source, x, y, kernel.flag, dst=out, borderMode=outside)
    return out


class _Straight:
    """By a matrix."""

    def __init__(self, transform: Transform) -> None:
        inverse = np.linalg.inv(transform.matrix)
        self._matrix = inverse / inverse[2, 2]
        self._affine = bool(np.allclose(self._matrix[2, :2], 0.0, atol=1e-15))

    def sources(
        self, xs: DoubleArray, ys: DoubleArray, origin: tuple[int, int] = (0, 0), ripple_px: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        if self._affine:
            return (
                _plane(self._matrix[0], xs, ys, origin[0], ripple_px),
                _plane(self._matrix[1], xs, ys, origin[1], ripple_px),
            )
        x, y = self._exact(xs, ys)
        return _rippled(x - origin[0], ripple_px), _rippled(y - origin[1], ripple_px)

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        return self._exact(xs[[0, -1]], ys[[0, -1]])

    def _exact(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        m = self._matrix
        x, y = xs[np.newaxis, :], ys[:, np.newaxis]
        scale = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        return (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / scale, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / scale


class _Bent:
    """By a transform that no matrix undoes: exact at knots, bilinear between them."""

    def __init__(self, transform: Transform) -> None:
        self._transform = transform

    def sources(
        self, xs: DoubleArray, ys: DoubleArray, origin: tuple[int, int] = (0, 0), ripple_px: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        knots_x, knots_y = _knots(xs), _knots(ys)
        across, down = _hats(xs, knots_x).T, _hats(ys, knots_y)
        x, y = (
            _rippled(down @ (at_knots - first) @ across, ripple_px)
            for at_knots, first in zip(self._back(knots_x, knots_y), origin, strict=True)
        )
        return x, y

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        return self._back(_knots(xs), _knots(ys))

    def _back(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        points = np.stack(np.meshgrid(xs, ys), axis=-1)
        x, y = self._transform.back(points.reshape(-1, 2)).T.reshape(2, *points.shape[:2])
        return x, y


def _rippled(places: DoubleArray, ripple_px: float) -> FloatArray:
    near = places.astype(np.float32)
    if ripple_px:
        near += np.float32(ripple_px) * np.sin(np.float32(2 * np.pi) * near)
    return near


def _plane(row: DoubleArray, xs: DoubleArray, ys: DoubleArray, origin: int, ripple_px: float) -> FloatArray:
    """``row @ (x, y, 1) - origin`` over the grid with its ripple, as one product of small matrices.

    The sine of the sum of a column's part and a row's part is a sum of two products: a sine for each pixel would cost
    as much as a third of the warp.
    """
    across = row[0] * (xs - xs[0])
    down = row[1] * ys + (row[2] + row[0] * xs[0] - origin)
    left, right = [down, np.ones_like(down)], [np.ones_like(across), across]
    if ripple_px:
        turn, turned = 2 * np.pi * across, 2 * np.pi * down
        left += [ripple_px * np.sin(turned), ripple_px * np.cos(turned)]
        right += [np.cos(turn), np.sin(turn)]
    columns, rows = np.stack(left, axis=1, dtype=np.float32), np.stack(right, dtype=np.float32)
    return np.asarray(cv2.gemm(columns, rows, 1.0, None, 0.0), np.float32)  # type: ignore[call-overload]


def _knots(places: DoubleArray) -> DoubleArray:
    """Evenly spaced points from the first of the places to the last; where there is one place only, to the next."""
    first, last = places[0], max(places[-1], places[0] + 1)
    knots: DoubleArray = np.linspace(first, last, 2 + int((last - first) // KNOTS_PX))
    return knots


def _hats(places: DoubleArray, knots: DoubleArray) -> DoubleArray:
    """Weights ``(len(places), len(knots))`` of linear interpolation."""
    weights: DoubleArray = np.clip(1 - np.abs(places[:, np.newaxis] - knots) / (knots[1] - knots[0]), 0, None)
    return weights
