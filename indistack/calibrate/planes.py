"""Memory for calibrated planes that is used again."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from indistack.frame import PixelArray

KEPT = 2
"""The plane handed out last, and one that somebody may still look at."""


class Planes:
    """Planes that nobody holds any more are handed out again: fresh memory costs as much as calibrating into it."""

    def __init__(self) -> None:
        self._planes: list[PixelArray] = []

    def take(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> PixelArray:
        """Return a plane with undefined contents; it is the caller's as long as anything refers to it."""
        idle = [number for number in range(len(self._planes)) if _holders(self._planes, number) == _NOBODY]
        for number in idle:
            if self._planes[number].shape == shape and self._planes[number].dtype == dtype:
                self._planes.append(self._planes.pop(number))
                return self._planes[-1]
        self._planes = [plane for number, plane in enumerate(self._planes) if number not in idle][-KEPT + 1 :]
        self._planes.append(np.empty(shape, dtype))
        return self._planes[-1]

    def copy_of(self, pixels: PixelArray) -> PixelArray:
        """Return the same values in a plane that may be changed."""
        plane = self.take(pixels.shape, pixels.dtype)
        np.copyto(plane, pixels)
        return plane


def _holders(planes: list[PixelArray], number: int) -> int:
    """Return the references to a plane; views of it count, because they refer to their owner."""
    return sys.getrefcount(planes[number])


_NOBODY = _holders([np.empty(0)], 0)
