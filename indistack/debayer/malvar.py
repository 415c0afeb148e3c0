"""Debayering by linear filters of 5x5 pixels."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import cv2
import numpy as np

from indistack.debayer.base import DEBAYERS
from indistack.system.workers import Scratch
from indistack.values.frame import CfaPattern, FloatArray, PixelArray


def _filter(*rows: list[float]) -> FloatArray:
    """A symmetric 5x5 filter from its upper three rows, given in eighths."""
    return np.array([*rows, rows[1], rows[0]], np.float32) / np.float32(8)


NONE = [0.0] * 5
GREEN = _filter(NONE, [0, 0, 2, 0, 0], [0, 2, 0, 2, 0]), _filter([0, 0, -1, 0, 0], NONE, [-1, 0, 4, 0, -1])
"""Green at a red or blue pixel: the mean of its neighbours, and what the detail of the pixel's own colour adds."""
BESIDE = _filter(NONE, NONE, [0, 4, 0, 4, 0]), _filter([0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 0, 5, 0, -1])
"""At a green pixel, the colour of its left and right neighbours; turned over, that of those above and below."""
ACROSS = _filter(NONE, [0, 2, 0, 2, 0], NONE), _filter([0, 0, -1.5, 0, 0], NONE, [-1.5, 0, 6, 0, -1.5])
"""Red at a blue pixel, blue at a red one."""

Places = tuple[tuple[int, int, int], ...]
"""Row and column in the CFA's cell, and channel."""


@DEBAYERS.register("malvar")
class Malvar:
    """Each colour follows the detail that the others show: sharper than bilinear.

    Malvar, He and Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned color images",
    ICASSP 2004. Being linear, it does not choose by the noise, and a mean of subs gains from it what one sub does.
    """

    margin_px = 2
    shrink = 1
    takes_floats = True
    share: ClassVar[float] = 1.0
    """How much of what the detail adds is taken."""

    def __init__(self) -> None:
        self._scratch = Scratch()
        green, beside, across = (mean + np.float32(self.share) * detail for mean, detail in (GREEN, BESIDE, ACROSS))
        self._filters = green, beside, np.ascontiguousarray(beside.T), across

    def __call__(self, box: PixelArray, cfa: CfaPattern, out: PixelArray | None = None) -> PixelArray:
        """See `indistack.raster.interpolation.Debayer`."""
        if box.dtype == np.float32:
            return self._colours(box, cfa, np.empty((*box.shape, 3), np.float32) if out is None else out)
        plane = self._scratch("plane", box.shape, np.float32)
        plane[:] = box
        rgb = self._colours(plane, cfa, self._scratch("rgb", (*box.shape, 3), np.float32))
        whole = np.empty(rgb.shape, np.uint16) if out is None else out
        return np.asarray(cv2.addWeighted(rgb, 1.0, rgb, 0.0, 0.0, dst=whole, dtype=cv2.CV_16U))  # clips, never wraps

    def _colours(self, plane: FloatArray, cfa: CfaPattern, out: FloatArray) -> FloatArray:
        """Fill `out`, ``(h, w, 3)`` float32, from a plane ``(h, w)`` float32 of any level.

        It is mirrored about its outermost pixels, which keeps the CFA's phase. One filtered plane at a time, for more
        of them would leave the processor's cache.
        """
        own, *made = _places(cfa)
        _spread(plane, own, out)
        filtered: FloatArray = self._scratch("filtered", plane.shape, np.float32)
        for kernel, places in zip(self._filters, made, strict=True):
            cv2.filter2D(plane, cv2.CV_32F, kernel, dst=filtered, borderType=cv2.BORDER_REFLECT_101)
            _spread(filtered, places, out)
        return out


def _spread(plane: FloatArray, places: Places, out: FloatArray) -> None:
    """Copy the pixels of a plane that belong to places of the CFA cell into the colours that are theirs there."""
    for row, col, channel in places:
        out[row::2, col::2, channel] = plane[row::2, col::2]


@cache
def _places(cfa: CfaPattern) -> tuple[Places, ...]:
    """Tell where which colour is the plane's own, and where it is what green, beside, above and across give."""
    cell = [(*divmod(index, 2), index, colour) for index, colour in enumerate(cfa)]
    green = [(row, col, index) for row, col, index, colour in cell if colour == "G"]
    other = [(row, col, index) for row, col, index, colour in cell if colour != "G"]
    return (
        tuple((row, col, "RGB".index(colour)) for row, col, _, colour in cell),
        tuple((row, col, 1) for row, col, _ in other),
        *(tuple((row, col, "RGB".index(cfa[index ^ step])) for row, col, index in green) for step in (1, 2)),
        tuple((row, col, "RGB".index(cfa[index ^ 3])) for row, col, index in other),
    )
