"""Debayering by linear filters of 5x5 pixels."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

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

MASK_STEP_PX = 320
"""Masks are made in such steps of size, so that boxes of nearly one size share them."""


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
        """Fill `out`, ``(h, w, 3)`` float32, from a plane ``(h, w)`` float32 of any level."""
        green, beside, above, across = self._filtered(plane)
        colours = self._scratch("colours", (3, *plane.shape), np.float32)
        masks = _cells(*(-(-n // MASK_STEP_PX) for n in plane.shape))[:, : plane.shape[0], : plane.shape[1]]
        for index, colour in enumerate(cfa):
            if colour == "G":
                found = {"G": plane, cfa[index ^ 1]: beside, cfa[index ^ 2]: above}
            else:
                found = {"G": green, colour: plane, cfa[index ^ 3]: across}
            for channel, name in enumerate("RGB"):
                cv2.copyTo(found[name], masks[index], dst=colours[channel])
        return np.asarray(cv2.merge(list(colours), dst=out))

    def _filtered(self, plane: FloatArray) -> FloatArray:
        """Return the plane through each filter, ``(4, h, w)`` float32.

        It is mirrored about its outermost pixels, which keeps the CFA's phase. Scratch of this thread: fresh arrays
        would take twice the time of the filters.
        """
        filtered: FloatArray = self._scratch("filtered", (4, *plane.shape), np.float32)
        for kernel, result in zip(self._filters, filtered, strict=True):
            cv2.filter2D(plane, cv2.CV_32F, kernel, dst=result, borderType=cv2.BORDER_REFLECT_101)
        return filtered


@lru_cache(maxsize=4)
def _cells(rows: int, cols: int) -> npt.NDArray[np.uint8]:
    """Return which pixels are the first, second, third and fourth of their CFA cell, ``(4, h, w)`` of 0 and 255."""
    masks = np.zeros((4, rows * MASK_STEP_PX, cols * MASK_STEP_PX), np.uint8)
    for index, mask in enumerate(masks):
        mask[index // 2 :: 2, index % 2 :: 2] = 255
    return masks
