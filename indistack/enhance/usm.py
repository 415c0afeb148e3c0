"""Unsharp masking: what a blur takes away, added again."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator, full_scale
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class UsmSettings(Settings):
    """Arguments of ``usm`` and ``usm_halostack``."""

    radius: int = Field(default=20, ge=1, le=1000)
    """Where the Gaussian is cut off, in pixels."""

    amount: float = Field(default=2.0, ge=0, le=1000)
    """Of what the blur takes away is added."""

    sigma: float | None = Field(default=None, gt=0, le=1000)
    """Of the Gaussian, in pixels; by default the root of the radius."""

    threshold: float = Field(default=0.0, ge=0, le=1)
    """Smaller differences, as a share of full scale, are left alone."""


def sharpened(pixels: FloatArray, radius: int, sigma: float, amount: float, threshold: float) -> FloatArray:
    """Add what a blur takes away, where it is more than a threshold.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32, finite; unchanged.
    radius, sigma : float
        Of the Gaussian (px).
    amount : float
        How many times it is added.
    threshold : float
        As a share of `full_scale`.

    Returns
    -------
    array
        Of the same shape, float32, new.
    """
    size = 2 * radius + 1
    smooth = cv2.GaussianBlur(pixels, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    off = pixels - smooth
    return np.where(np.abs(off) > threshold * full_scale(pixels), pixels + np.float32(amount) * off, pixels)


@OPERATORS.register("usm")
class Usm(FilledOperator):
    """Unsharp masking: ``usm:20,2`` adds twice what a blur with a sigma of the root of 20 px takes away."""

    works_in: ClassVar[int] = 5

    settings: ClassVar[type[Settings]] = UsmSettings

    def __init__(self, settings: UsmSettings = UsmSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        radius, sigma = self._settings.radius, self._settings.sigma or self._settings.radius**0.5
        return sharpened(pixels, radius, sigma, self._settings.amount, self._settings.threshold)


@OPERATORS.register("usm_halostack")
class UsmHalostack(Usm):
    """Unsharp masking with the numbers as halostack hands them on: the second is the sigma, the third the amount.

    ``usm_halostack:20,8``: sigma 8, and 4.47 times what the blur takes away.
    """

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        radius, amount = self._settings.radius, self._settings.sigma or self._settings.radius**0.5
        return sharpened(pixels, radius, max(self._settings.amount, 1e-3), amount, self._settings.threshold)
