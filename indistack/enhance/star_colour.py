"""One colour for each star: optics and air spread its colours unlike, and give white cores rims of blue or red."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.picture.linear import StackPicture
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SHRINK = 2
"""Colours are gathered in a copy so many times smaller."""

POINT_PX, AROUND_PX = 0.7, 3.0
"""Of the copy: stars are what a narrow blur has more of than a wide one."""

STAR_SIGMA = 25.0
"""Fainter stars, in units of the noise in the copy, have no rim that could be seen."""

COMPACT = 0.35
"""Share of the light that the narrow blur has more of: the brightest knots of a nebula have less."""


class StarColourSettings(Settings):
    """Arguments of ``star_colour``."""

    reach_px: float = Field(default=6.0, gt=0, le=50)
    """Standard deviation of the light that a star's colour is taken from."""

    strength: float = Field(default=0.9, ge=0, le=1)
    """How far the colour around a star becomes that of all its light."""


@OPERATORS.register("star_colour")
class StarColour(MeasuringOperator):
    """Gives the pixels of bright stars the colour of all their light: no blue rims, and no halves of two colours.

    Brightness stays as it is. Nebulae keep their colours but next to bright stars. Grey pictures pass unchanged.
    """

    settings: ClassVar[type[Settings]] = StarColourSettings
    balances_colour: ClassVar[bool] = True
    eased = (False, False)

    def __init__(self, settings: StarColourSettings = StarColourSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return level and noise of the sky in each channel."""
        if picture.ndim == 2 or min(picture.shape[:2]) < 2 * SHRINK or self._settings.strength == 0:
            return ()
        sky = measure_sky(picture)
        return () if sky is None else (sky.level, sky.noise)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, noise = measures
        small: FloatArray = np.nan_to_num(StackPicture(picture).binned(SHRINK) - level)
        share = self._near_stars(channel_mean(small), float(noise.mean()) / SHRINK)
        result = picture.copy()
        if not share.any():
            return result
        gathered = np.asarray(cv2.GaussianBlur(small, (0, 0), self._settings.reach_px / SHRINK), np.float32)
        rows, columns = np.nonzero(cv2.resize(share, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST))
        near = np.minimum(rows // SHRINK, len(small) - 1), np.minimum(columns // SHRINK, small.shape[1] - 1)
        above = picture[rows, columns] - level
        light = above.mean(axis=1, keepdims=True)
        result[rows, columns] += share[near][:, np.newaxis] * (light * _of_stars(gathered[near]) - above)
        return result

    def _near_stars(self, light: FloatArray, noise: float) -> FloatArray:
        """Return how far each pixel belongs to a bright star, 0 to `strength`."""
        narrow, wide = (cv2.GaussianBlur(light, (0, 0), size) for size in (POINT_PX, AROUND_PX))
        points = np.asarray(narrow - wide, np.float32)
        points[points < np.maximum(STAR_SIGMA * noise + 1e-6, COMPACT * narrow)] = 0
        spread = cv2.GaussianBlur(points, (0, 0), self._settings.reach_px / SHRINK) / (noise + 1e-6)
        return np.asarray(self._settings.strength * spread / (1 + spread) * (spread > 0.1), np.float32)


def _of_stars(colours: FloatArray) -> FloatArray:
    """Return the nearest colours ``(n, 3)``, of mean 1, that glowing bodies have: green lies between red and blue."""
    red, green, blue = np.maximum(colours, 0).T
    green = np.clip(green, (red + blue) / 2, np.maximum(red, blue))
    stars = np.stack([red, green, blue], axis=1)
    return np.asarray(stars / np.maximum(stars.mean(axis=1, keepdims=True), 1e-6), np.float32)
