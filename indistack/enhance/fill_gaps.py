"""Star trails without the gaps that pauses between exposures leave in them."""

from __future__ import annotations

import math
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator, channels_of
from indistack.numerics.statistics import sigma_of_deviations
from indistack.settings import Settings
from indistack.values.frame import BoolArray, DoubleArray, FloatArray

DIRECTIONS = 16
"""In which lines are tried: 11 degrees apart, so that a gap of 8 px ends within a pixel of the trail."""

LEAST_COHERENCE = 0.35
"""Of the picture's changes about a pixel, on 0..1, for a trail to be there: noise has less."""

LEAST_SIGMA = 5.0
"""By so much a gap must lie below its ends, in standard deviations of the noise: the sky stays as it is."""

EDGE_PX, ABOUT = 1.0, 1.5
"""Sigma of the edges' filter; sigma, in lengths of a gap, within which a trail's direction is looked for."""


class FillGapsSettings(Settings):
    """Arguments of ``fill_gaps``."""

    length_px: int = Field(default=5, ge=2, le=64)
    """Longest gap (px)."""


@OPERATORS.register("fill_gaps")
class FillGaps(Operator):
    """Closes gaps of star trails along them: ``fill_gaps:8``; a gap gets the light of its fainter end."""

    works_in: ClassVar[int] = 14

    settings: ClassVar[type[Settings]] = FillGapsSettings

    def __init__(self, settings: FillGapsSettings = FillGapsSettings()) -> None:  # noqa: B008 - frozen
        self._length_px = settings.length_px

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        result = picture.copy()
        planes = channels_of(result)
        known: BoolArray = np.logical_and.reduce(np.isfinite(planes), axis=2)
        if not known.any():
            return result
        filled = np.where(known[..., np.newaxis], planes, np.float32(planes[known].min()))
        along = _directions(filled.mean(axis=2, dtype=np.float32), ABOUT * self._length_px)
        steps = np.moveaxis(np.diff(filled, axis=0), 2, 0) / 2**0.5
        least = [LEAST_SIGMA * sigma_of_deviations(step) if step.size else 0.0 for step in steps]
        for number in range(DIRECTIONS):
            here: BoolArray = (along == number) & known
            if here.any():
                line = _line(self._length_px + 1, math.pi * number / DIRECTIONS)
                for channel in range(planes.shape[2]):
                    plane = np.ascontiguousarray(filled[..., channel])
                    closed = np.asarray(cv2.morphologyEx(plane, cv2.MORPH_CLOSE, line), np.float32)
                    np.copyto(planes[..., channel], closed, where=here & (closed > plane + least[channel]))
        return result


def _directions(plane: FloatArray, sigma_px: float) -> DoubleArray:
    """``(h, w)``: number of the direction in which a trail runs, -1 where none is; by the structure tensor."""
    smooth = cv2.GaussianBlur(plane, (0, 0), EDGE_PX)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), sigma_px) for product in (dx * dx, dy * dy, dx * dy))
    spread = np.hypot(xx - yy, 2 * xy)
    across = 0.5 * np.arctan2(2 * xy, xx - yy)
    number = np.rint((across + math.pi / 2) / math.pi * DIRECTIONS) % DIRECTIONS
    return np.where(spread > LEAST_COHERENCE * (xx + yy), number, -1)


def _line(length_px: int, angle: float) -> cv2.typing.MatLike:
    """Return a line through the middle of a square, as what a picture is closed by."""
    half = length_px // 2 + 1
    x, y = half * math.cos(angle), half * math.sin(angle)
    square = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    cv2.line(square, (round(half - x), round(half - y)), (round(half + x), round(half + y)), 1)
    return square | square[::-1, ::-1]  # the way there and back may be rounded differently
