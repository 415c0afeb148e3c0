"""From the canvas back to the frame: where each output pixel comes from, and the resampling of a box from there."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from indistack.frame import DoubleArray, FloatArray, Transform

KNOTS_PX = 32
"""Between points this far apart a bent map is taken as bilinear: a bend of 50 px at 3000 px from the middle is missed
by less than 0.002 px (its coefficient times a quarter of the step squared)."""


class Mapping(Protocol):
    """Tells where canvas pixels lie in a frame, and fetches them from there."""

    def sources(self, xs: DoubleArray, ys: DoubleArray) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        """Frame positions of the grid ``ys x xs`` of canvas pixels, two ``(len(ys), len(xs))`` arrays."""

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Frame positions (x and y) between whose extremes those of the grid lie."""

    def resample(
        self, source: FloatArray, box: tuple[slice, slice], rows: slice, cols: slice, kernel: int, out: FloatArray
    ) -> FloatArray:
        """Fill `out`, the canvas's ``rows x cols``, from `source`, the frame's ``box`` (rows, columns).

        `kernel` is OpenCV's word for the interpolation; beyond the box its outermost pixels go on.
        """


def mapping_of(transform: Transform) -> Mapping:
    """Return the way back through a transform from frame to canvas."""
    return _Straight(transform) if transform.bend is None else _Bent(transform)


class _Straight:
    """By a matrix: OpenCV goes through it pixel by pixel."""

    def __init__(self, transform: Transform) -> None:
        inverse = np.linalg.inv(transform.matrix)
        self._matrix = inverse / inverse[2, 2]
        self._affine = bool(np.allclose(self._matrix[2, :2], 0.0, atol=1e-15))

    def sources(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        m = self._matrix
        x, y = xs[np.newaxis, :], ys[:, np.newaxis]
        source_x, source_y = m[0, 0] * x + m[0, 1] * y + m[0, 2], m[1, 0] * x + m[1, 1] * y + m[1, 2]
        if self._affine:
            return source_x, source_y
        scale = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        return source_x / scale, source_y / scale

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        return self.sources(xs[[0, -1]], ys[[0, -1]])

    def resample(
        self, source: FloatArray, box: tuple[slice, slice], rows: slice, cols: slice, kernel: int, out: FloatArray
    ) -> FloatArray:
        to_canvas = np.array([[1.0, 0.0, cols.start], [0.0, 1.0, rows.start], [0.0, 0.0, 1.0]])
        to_box = np.array([[1.0, 0.0, -box[1].start], [0.0, 1.0, -box[0].start], [0.0, 0.0, 1.0]])
        matrix = to_box @ self._matrix @ to_canvas
        size, flags = (out.shape[1], out.shape[0]), kernel | cv2.WARP_INVERSE_MAP
        if self._affine:
            cv2.warpAffine(source, matrix[:2], size, dst=out, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        else:
            cv2.warpPerspective(source, matrix, size, dst=out, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return out


class _Bent:
    """By a transform that no matrix undoes: exact at knots, bilinear between them."""

    def __init__(self, transform: Transform) -> None:
        self._transform = transform

    def sources(self, xs: DoubleArray, ys: DoubleArray) -> tuple[FloatArray, FloatArray]:
        knots_x, knots_y = _knots(xs), _knots(ys)
        across, down = _hats(xs, knots_x).T, _hats(ys, knots_y)
        x, y = (down @ at_knots @ across for at_knots in self._back(knots_x, knots_y))
        return x.astype(np.float32), y.astype(np.float32)

    def outline(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        return self._back(_knots(xs), _knots(ys))

    def resample(
        self, source: FloatArray, box: tuple[slice, slice], rows: slice, cols: slice, kernel: int, out: FloatArray
    ) -> FloatArray:
        xs, ys = (np.arange(part.start, part.stop, dtype=np.float64) for part in (cols, rows))
        x, y = self.sources(xs, ys)
        return np.asarray(
            cv2.remap(source, x - box[1].start, y - box[0].start, kernel, dst=out, borderMode=cv2.BORDER_REPLICATE)
        )

    def _back(self, xs: DoubleArray, ys: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        grid = np.stack(np.meshgrid(xs, ys), axis=-1)
        x, y = self._transform.back(grid.reshape(-1, 2)).T.reshape(2, *grid.shape[:2])
        return x, y


def _knots(places: DoubleArray) -> DoubleArray:
    """Evenly spaced points from the first of the places to the last; where there is one place only, to the next."""
    first, last = places[0], max(places[-1], places[0] + 1)
    knots: DoubleArray = np.linspace(first, last, 2 + int((last - first) // KNOTS_PX))
    return knots


def _hats(places: DoubleArray, knots: DoubleArray) -> DoubleArray:
    """Weights ``(len(places), len(knots))`` of linear interpolation."""
    weights: DoubleArray = np.clip(1 - np.abs(places[:, np.newaxis] - knots) / (knots[1] - knots[0]), 0, None)
    return weights
