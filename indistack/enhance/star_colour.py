"""One colour for each star: optics and air spread its colours unlike, and give white cores rims of blue or red."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.enhance.strips import each_strip
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

STAR_CELLS = 11
"""Side of the largest star, with its rim, in a copy half as large as the other."""

NEAR_SIGMA, SEEN_SIGMA, LEAST = 2.0, 5.0, 0.25
"""Around a star is where a wide blur of its point is that bright; colour is seen where light is so many times the
noise; and what is left alone as hardly a share."""


HALO = 3.0
"""A star's own light is at most so many times the wide blur of its point; what is brighter there is nebula."""


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
        if picture.ndim == 2 or min(picture.shape[:2]) < 4 * SHRINK or self._settings.strength == 0:
            return ()
        sky = measure_sky(picture)
        return () if sky is None else (sky.level, sky.noise)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, noise = measures
        small = StackPicture(picture).binned(SHRINK) - level
        np.nan_to_num(small, copy=False)
        around = _without_stars(small)
        small -= around
        share = self._near_stars(channel_mean(small), float(noise.mean()) / SHRINK)
        if not share.any():
            return picture.copy()
        colours = np.zeros_like(small)
        colours[share > 0] = _of_stars(self._gathered(small)[share > 0])
        around += level
        result = np.empty_like(picture)

        def mix(rows: slice) -> None:
            result[rows] = picture[rows]
            part = slice(min(rows.start // SHRINK, len(share) - 1), -(-rows.stop // SHRINK))
            _mix(result[rows], share[part], around[part], colours[part])

        each_strip(mix, picture)
        return result

    def _gathered(self, small: FloatArray) -> FloatArray:
        """Return the light of each colour around each pixel of the copy."""
        half = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        half = cv2.GaussianBlur(half, (0, 0), self._settings.reach_px / (2 * SHRINK))
        return np.asarray(cv2.resize(half, small.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    def _near_stars(self, light: FloatArray, noise: float) -> FloatArray:
        """Return how far each pixel is of a bright star's light, 0 to `strength`."""
        noise += 1e-6
        narrow, wide = (cv2.GaussianBlur(light, (0, 0), size) for size in (POINT_PX, AROUND_PX))
        points = np.asarray(narrow - wide, np.float32)
        points[(points < STAR_SIGMA * noise) | (points < COMPACT * narrow)] = 0
        halo = cv2.GaussianBlur(points, (0, 0), self._settings.reach_px / SHRINK)
        seen = np.square(np.maximum(narrow, 0) * (halo > NEAR_SIGMA * noise) / (SEEN_SIGMA * noise))
        own = np.minimum(np.maximum(points / COMPACT, HALO * halo) / np.maximum(narrow, noise), 1)
        share = self._settings.strength * np.square(own) * seen / (1 + seen)
        return np.asarray(np.where(seen > LEAST, share, 0), np.float32)


def _without_stars(small: FloatArray) -> FloatArray:
    """Return what lies behind the stars, a nebula or nothing: what is wider than a star with its rim."""
    half = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half = cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((STAR_CELLS, STAR_CELLS), np.uint8))
    half = cv2.GaussianBlur(half, (0, 0), STAR_CELLS / 6)
    return np.asarray(cv2.resize(half, small.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _mix(strip: FloatArray, share: FloatArray, around: FloatArray, colours: FloatArray) -> None:
    """Give a strip's starlight, in place, a share of the colours that a copy ``1 / SHRINK`` as large has for it."""
    wide = cv2.resize(share, strip.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    near = np.flatnonzero(wide)
    if len(near) == 0:
        return
    row, column = np.divmod(near.astype(np.int32), np.int32(strip.shape[1]))
    row = np.minimum(row // SHRINK, share.shape[0] - 1)
    small = row * share.shape[1] + np.minimum(column // SHRINK, share.shape[1] - 1)
    flat = strip.reshape(-1, 3)
    above = flat.take(near, axis=0) - around.reshape(-1, 3).take(small, axis=0)
    light = channel_mean(above[:, np.newaxis])
    shift = light * colours.reshape(-1, 3).take(small, axis=0) - above
    shift *= wide.take(near)[:, np.newaxis]
    flat[near] += shift


def _of_stars(colours: FloatArray) -> FloatArray:
    """Return the nearest colours ``(n, 3)``, of mean 1, that glowing bodies have: green lies between red and blue."""
    red, green, blue = np.maximum(colours, 0).T
    green = np.clip(green, (red + blue) / 2, np.maximum(red, blue))
    stars = np.stack([red, green, blue], axis=1)
    return np.asarray(stars / np.maximum(stars.mean(axis=1, keepdims=True), 1e-6), np.float32)
