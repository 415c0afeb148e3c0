"""Colour noise: the eye takes coloured speckle for a fault long before it sees the same noise in grey."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.enhance.sky import Sky, channel_mean, measure_sky
from indistack.enhance.strips import strips
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SHRINK = 4
"""The blur is made in a copy so many times smaller."""


class ColourNoiseSettings(Settings):
    """Arguments of ``colour_noise``."""

    strength: float = Field(default=0.95, ge=0, le=1)
    """Share of the colour's noise that the sky loses."""

    sigma_px: float = Field(default=6.0, gt=0, le=100)
    """Of the blur."""

    snr: float = Field(default=6.0, gt=0)
    """Pixels that many times brighter than the noise keep half of their own colour."""


@OPERATORS.register("colour_noise")
class ColourNoise(Operator):
    """Blurs the differences between the colours where there is little signal; brightness stays as it is.

    Colours of bright pixels stay, and do not bleed into the sky. Grey pictures pass unchanged.
    """

    settings: ClassVar[type[Settings]] = ColourNoiseSettings

    def __init__(self, settings: ColourNoiseSettings = ColourNoiseSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        light = channel_mean(picture)
        sky = measure_sky(light)
        if picture.ndim == 2 or sky is None or sky.noise[0] <= 0 or self._settings.strength == 0:
            return picture.copy()
        faint = self._faintness(light, sky)
        smooth = _smooth_colour(picture, light, faint, self._settings.sigma_px)
        faint *= self._settings.strength
        result = np.empty_like(picture)
        for rows in strips(picture):
            own, blurred = (np.asarray(cv2.split(part[rows]), np.float32) for part in (picture, smooth))
            blurred += light[rows]
            blurred -= own
            blurred *= faint[rows]
            own += blurred
            result[rows] = cv2.merge(list(own))
        return result

    def _faintness(self, light: FloatArray, sky: Sky) -> FloatArray:
        """Return how little signal there is in each pixel, 0 to 1."""
        faint: FloatArray = light - sky.level[0]
        faint *= 1 / (self._settings.snr * sky.noise[0])
        np.square(faint, out=faint)
        faint += 1
        np.reciprocal(faint, out=faint)
        return faint


def _smooth_colour(picture: FloatArray, light: FloatArray, weight: FloatArray, sigma_px: float) -> FloatArray:
    """Blur the colours less their mean, by weight; not covered pixels have none."""
    height, width = light.shape
    small = np.concatenate([_shrunk(picture[rows], light[rows], weight[rows]) for rows in strips(picture)])
    small = cv2.GaussianBlur(np.nan_to_num(small), (0, 0), sigma_px / SHRINK)
    colour = small[..., :3] / np.maximum(small[..., 3:], 1e-6)
    return np.asarray(cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _shrunk(picture: FloatArray, light: FloatArray, weight: FloatArray) -> FloatArray:
    """Return weighted colours and their weight, ``(h, w, 4)``, in a copy that is `SHRINK` times smaller."""
    size = max(1, light.shape[1] // SHRINK), max(1, light.shape[0] // SHRINK)
    planes = [(plane - light) * weight for plane in cv2.split(picture)]
    return np.asarray(cv2.resize(cv2.merge([*planes, weight]), size, interpolation=cv2.INTER_AREA), np.float32)
