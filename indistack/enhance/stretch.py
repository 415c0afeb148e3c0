"""The stretch of the default look: one curve on the brightness, and the colours as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.enhance.sky import channel_mean, measure_sky, thinned
from indistack.enhance.stf import balance_for, midtones
from indistack.enhance.strips import strips
from indistack.settings import Settings
from indistack.values.frame import FloatArray

WHITE_PIXELS = 600_000
"""That white is looked for in."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A midtones curve between black and white, in the picture's unit."""

    black: float
    white: float
    balance: float

    def __call__(self, light: FloatArray) -> FloatArray:
        """Brightness 0..1 of a linear one; new."""
        above = light - np.float32(self.black)
        above *= np.float32(1 / (self.white - self.black))
        return midtones(np.clip(above, 0, 1, out=above), self.balance)


class StretchSettings(Settings):
    """Arguments of ``stretch``."""

    sky: float = Field(default=0.12, gt=0, lt=1)
    """Brightness of the sky, on 0..1."""

    black_sigma: float = Field(default=5.0, gt=0)
    """Black lies that many standard deviations of the noise below the sky."""

    white_quantile: float = Field(default=0.99999, gt=0, le=1)
    """White is the brightness that this share of the pixels does not reach."""

    saturation: float = Field(default=1.3, ge=0, le=4)
    """Of what is well above the noise: 1 leaves it as it is, 0 makes the picture grey."""


@OPERATORS.register("stretch")
class Stretch(Operator):
    """Stretch to 0..1 with the sky at 0.12, the same for 3 and for 300 subs; colours keep their hue.

    A midtones curve on the mean of the colours; what would be brighter than white in one colour is made paler instead,
    so that cores of stars go over to white. ``stretch:0.1``: a darker sky.
    """

    settings: ClassVar[type[Settings]] = StretchSettings

    def __init__(self, settings: StretchSettings = StretchSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        light = channel_mean(picture)
        sky = measure_sky(light)
        if sky is None:
            return picture.copy()
        level, noise = float(sky.level[0]), float(sky.noise[0])
        pixels = thinned(light, WHITE_PIXELS)
        white = float(np.quantile(pixels[np.isfinite(pixels)], self._settings.white_quantile))
        black = level - self._settings.black_sigma * noise
        if noise <= 0:  # of a few grey levels only
            black = level - self._settings.sky * max(white - level, 0.0)
        if white <= level:  # a field of one value
            return np.where(np.isfinite(picture), np.float32(self._settings.sky), picture)
        white = max(white, black + (level - black) / self._settings.sky)
        curve = Curve(black, white, balance_for((level - black) / (white - black), self._settings.sky))
        if picture.ndim == 2:
            return curve(light)
        result = np.empty_like(picture)
        for rows in strips(picture):
            result[rows] = self._coloured(picture[rows], light[rows], curve, noise)
        return result

    def _coloured(self, picture: FloatArray, light: FloatArray, curve: Curve, noise: float) -> FloatArray:
        """Give the stretched brightness the colours of the linear picture."""
        shown = curve(light)
        factor = shown / np.maximum(light - np.float32(curve.black), np.float32(max(noise, 1e-6)))
        factor *= np.float32(self._settings.saturation)
        planes = [(plane - light) * factor for plane in cv2.split(picture)]
        most = np.maximum(np.maximum(planes[0], planes[1]), planes[2])
        least = np.minimum(np.minimum(planes[0], planes[1]), planes[2])
        room = np.minimum((1 - shown) / np.maximum(most, 1e-6), shown / np.maximum(-least, 1e-6))
        np.minimum(room, 1, out=room)
        return np.asarray(cv2.merge([plane * room + shown for plane in planes]), np.float32)
