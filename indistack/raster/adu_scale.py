"""From a frame's stored values to the reference's ADU, box by box."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.numerics.surface import factors
from indistack.values.frame import FloatArray, PixelArray
from indistack.values.grid import PlacedSub

KNOTS_PX = 32
"""A surface is smooth: between points this far apart it goes beyond them by less than they differ."""


class Light:
    """Undoes a frame's pedestal and step, and matches it to the reference.

    Parameters
    ----------
    sub : PlacedSub
        The frame and its match.
    shrink : int
        Boxes are given in pixels of so many frame pixels.
    """

    def __init__(self, sub: PlacedSub, shrink: int = 1) -> None:
        frame, match = sub.frame, sub.match
        self._factor = np.float32(frame.step_adu * match.scale)
        pedestal = frame.zero * frame.step_adu * match.scale
        each = match.background * (frame.channels // len(match.background))
        down, across = factors([(s[0] - pedestal, *s[1:]) for s in each], frame.width, frame.height)
        self._down = _binned(down, shrink)
        self._across = np.ascontiguousarray(_binned(across.swapaxes(0, 1), shrink).swapaxes(0, 1))
        self._cfa = frame.cfa
        self._shifts = bool(self._across.any())
        self.changes_nothing = self._factor == 1 and not self._shifts
        knots = [np.append(np.arange(0, n - 1, KNOTS_PX), n - 1) for n in (len(self._down), self._across.shape[1])]
        self._at_knots = np.tensordot(self._down[knots[0]], self._across[:, knots[1]], axes=1)
        self._between = max(float(np.abs(np.diff(self._at_knots, axis=axis)).max(initial=0)) for axis in (0, 1))

    def span(self, stored: tuple[float, float], box: tuple[slice, slice]) -> tuple[float, float]:
        """Return between what all stored values of that range lie in a box (rows, columns) of the frame (ADU)."""
        low, high = (float(value * self._factor) for value in stored)
        if not self._shifts:
            return low, high
        rows, cols = (slice(part.start // KNOTS_PX, -(-part.stop // KNOTS_PX) + 1) for part in box)
        least, most, _, _ = cv2.minMaxLoc(self._at_knots[rows, cols].reshape(-1))
        return low + least - self._between, high + most + self._between

    def fill(self, adu: FloatArray, stored: PixelArray, box: tuple[slice, slice]) -> None:
        """Fill `adu` from stored values of a box (rows, columns) of the frame.

        Parameters
        ----------
        adu : array
            ``(h, w)`` or ``(h, w, channels)`` float32; filled in place.
        stored : array
            Of that shape. A CFA plane, ``(h, w)``, begins on an even row and column.
        box : (slice, slice)
            Where it is in the frame.
        """
        np.copyto(adu, stored)
        if self._factor != 1:
            adu *= self._factor
        if not self._shifts:
            return
        down, across = self._down[box[0]], self._across[:, box[1]]
        if adu.ndim == 2 and self._cfa is not None:
            for row in (0, 1):
                mixed = across[..., "RGB".index(self._cfa[2 * row])].copy()
                mixed[:, 1::2] = across[:, 1::2, "RGB".index(self._cfa[2 * row + 1])]
                _add_product(adu[row::2], down[row::2], mixed)
        else:
            _add_product(adu.reshape(len(adu), -1), down, across.reshape(len(across), -1))


def _add_product(lines: FloatArray, down: FloatArray, across: FloatArray) -> None:
    """Lines += down @ across, in one pass."""
    if len(lines):
        cv2.gemm(np.ascontiguousarray(down), across, 1.0, lines, 1.0, dst=lines)


def _binned(values: FloatArray, shrink: int) -> FloatArray:
    """Means of so many neighbours along the first axis."""
    n = len(values) // shrink
    means: FloatArray = values[: n * shrink].reshape(n, shrink, *values.shape[1:]).mean(axis=1, dtype=np.float32)
    return means
