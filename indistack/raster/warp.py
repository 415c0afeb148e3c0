"""Resampling of a box of the grid from what a frame shows there: kernels, and the part of the frame that is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from indistack.raster.pixel_map import PixelMap
from indistack.values.frame import FloatArray
from indistack.values.grid import Box
from indistack.values.transform import Transform

KernelName = Literal["linear", "cubic", "lanczos"]

Sampled = tuple[FloatArray, float | FloatArray]
"""What a sub gives for a box of the grid: pixels ``(h, w)`` or ``(h, w, 3)`` float32, ADU, and their weight, one number
or ``(h, w)`` or ``(h, w, 3)`` float32, with 0 where the sub does not reach or its photosites are bad; all scratch."""


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
    overshoots : bool
        Some of its weights are negative: beside an edge it gives values that the pixels it reads do not span.
    """

    flag: int
    reach_px: int
    ripple_px: float = 0.0
    overshoots: bool = True


KERNELS: dict[KernelName, Kernel] = {
    "linear": Kernel(cv2.INTER_LINEAR, 1, overshoots=False),
    "cubic": Kernel(cv2.INTER_CUBIC, 2, -0.03),
    "lanczos": Kernel(cv2.INTER_LANCZOS4, 4),
}


def regridded(transform: Transform, step_px: float, origin_px: float) -> Transform:
    """Return a transform for a frame of other pixels: its pixel i lies at ``step_px * i + origin_px`` of the old."""
    to_old = np.array([[step_px, 0.0, origin_px], [0.0, step_px, origin_px], [0.0, 0.0, 1.0]])
    bend = transform.bend
    if bend is not None:
        x, y = ((centre - origin_px) / step_px for centre in bend.centre_px)
        bend = replace(bend, centre_px=(x, y), reach_px=bend.reach_px / step_px)
    return replace(transform, matrix=transform.matrix @ to_old, bend=bend)


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
        spans = [(*span, length) for span, length in zip(pixel_map.spans(grid_box), size, strict=True)]
        if any(high < -spill_px or low > length - 1 + spill_px for low, high, length in spans):
            return None
        rows, cols = (_needed(low, high, length, reach_px) for low, high, length in spans)
        return Footprint((rows, cols), all(low >= 0 and high <= length - 1 for low, high, length in spans))


def _needed(low: float, high: float, length: int, reach_px: int) -> slice:
    least = 2 * reach_px + 2  # a sliver at the frame's edge still needs neighbours
    start = max(0, min(math.floor(low) - reach_px, length - least)) & ~1
    return slice(start, min(length, max(math.ceil(high) + reach_px + 1, start + least)))
