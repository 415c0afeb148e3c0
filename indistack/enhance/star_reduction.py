"""Smaller stars, so that a nebula is seen before them."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.brightness import with_brightness
from indistack.enhance.filled import FilledOperator
from indistack.enhance.sky import channel_mean
from indistack.numerics.statistics import robust_sigma
from indistack.settings import Settings
from indistack.values.frame import FloatArray

STAR_SIGMA = 8.0
"""What an opening takes away is a star from that many times the noise on."""

SOFT_PX = 1.5
"""Of the blur that gives the mask of the stars a soft rim."""


class StarReductionSettings(Settings):
    """Arguments of ``star_reduction``."""

    strength: float = Field(default=0.5, ge=0, le=1)
    """1 makes stars as small as can be."""

    size_px: int = Field(default=9, ge=3, le=99)
    """What is wider is no star."""


def star_mask(light: FloatArray, size_px: int) -> FloatArray:
    """Tell how much each pixel belongs to a star.

    Parameters
    ----------
    light : array
        ``(h, w)`` float32, finite; unchanged.
    size_px : int
        What is wider is no star.

    Returns
    -------
    array
        ``(h, w)`` float32, 0 to 1, new.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))
    points = light - cv2.morphologyEx(light, cv2.MORPH_OPEN, disc)
    stars = (points > float(np.median(points)) + STAR_SIGMA * robust_sigma(points) + 1e-6).astype(np.float32)
    grown = cv2.dilate(stars, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), SOFT_PX), np.float32)


@OPERATORS.register("star_reduction")
class StarReduction(FilledOperator):
    """Makes stars smaller in a picture of 0 to 1, after a stretch; what is wider stays: ``star_reduction:0.5,9``."""

    works_in: ClassVar[int] = 6

    settings: ClassVar[type[Settings]] = StarReductionSettings

    def __init__(self, settings: StarReductionSettings = StarReductionSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        light = channel_mean(pixels)
        smaller = cv2.erode(light, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        share = np.float32(self._settings.strength) * star_mask(light, self._settings.size_px)
        return with_brightness(pixels, light + share * (smaller - light))
