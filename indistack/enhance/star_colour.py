"""One colour for each star: optics and air spread its colours unlike, and give white cores rims of blue or red."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.enhance.spare import new_like
from indistack.enhance.strips import each_strip
from indistack.picture.linear import StackPicture
from indistack.settings import Settings
from indistack.values.frame import FloatArray, IndexArray

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

LINE = 1024
"""Places that are looked up stand in lines of so many: OpenCV takes no picture of 32,768 pixels a side."""

HALO = 3.0
"""A star's own light is at most so many times the wide blur of its point; what is brighter there is nebula."""


class StarColourSettings(Settings):
    """Arguments of ``star_colour``."""

    reach_px: float = Field(default=6.0, gt=0, le=50)
    """Standard deviation of the light that a star's colour is taken from."""

    strength: float = Field(default=0.95, ge=0, le=1)
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
        self._reach_px = settings.reach_px / (2 * SHRINK)

    def measure(self, picture: FloatArray) -> Measures:
        """Return level and noise of the sky in each channel."""
        if picture.ndim == 2 or min(picture.shape[:2]) < 4 * SHRINK or self._settings.strength == 0:
            return ()
        sky = measure_sky(picture)
        return () if sky is None else (sky.level, sky.noise)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, noise = measures
        small = StackPicture(picture).binned(SHRINK)
        each_strip(lambda rows: _set_above(small[rows], level), small)
        around = _without_stars(half := _halved(small))
        light = channel_mean(small) - _enlarged(channel_mean(around), small)
        near, share, points = self._near_stars(light, float(noise.mean()) / SHRINK)
        result = new_like(picture)
        each_strip(lambda rows: np.copyto(result[rows], picture[rows]), picture)
        if len(near):
            rows, columns = np.divmod(near, small.shape[1])
            colours = _of_stars(_sampled(self._star_light(half - around, points), rows, columns))
            around += level
            _mix(result, (rows, columns), share, _sampled(around, rows, columns), colours)
        return result

    def _near_stars(self, light: FloatArray, noise: float) -> tuple[IndexArray, FloatArray, FloatArray]:
        """Return which pixels are of a bright star's light, how far, and the stars' points in a copy half as large."""
        noise += 1e-6
        narrow = _blurred(light, POINT_PX)
        points = narrow - _enlarged(_blurred(_halved(light), AROUND_PX / 2), light)
        np.copyto(points, np.float32(0), where=(points < STAR_SIGMA * noise) | (points < COMPACT * narrow))
        halved = _halved(points)
        halo = _enlarged(_blurred(halved, self._reach_px), light)
        near = np.flatnonzero((halo > NEAR_SIGMA * noise) & (narrow > SEEN_SIGMA * LEAST**0.5 * noise))
        bright, point, reach = (plane.take(near) for plane in (narrow, points, halo))
        seen = np.square(bright / (SEEN_SIGMA * noise))
        own = np.minimum(np.maximum(point / COMPACT, HALO * reach) / bright, 1)
        share = self._settings.strength * np.square(own) * seen / (1 + seen)
        return near, np.asarray(share, np.float32), halved

    def _star_light(self, half: FloatArray, points: FloatArray) -> FloatArray:
        """Return a star's whole light as its middle has it, spread around it: its wings are of another colour."""
        whole = _blurred(half, self._reach_px)
        np.copyto(whole, np.float32(0), where=(points <= 0)[..., np.newaxis])
        return _blurred(whole, self._reach_px)


def _set_above(strip: FloatArray, level: FloatArray) -> None:
    """Take the sky off a strip, in place; what is not covered is sky."""
    strip -= level
    if not np.isfinite(cv2.sumElems(strip)).all():
        np.nan_to_num(strip, copy=False)


def _blurred(picture: FloatArray, sigma_px: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _halved(small: FloatArray) -> FloatArray:
    return np.asarray(cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)


def _enlarged(half: FloatArray, small: FloatArray) -> FloatArray:
    return np.asarray(cv2.resize(half, small.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _without_stars(half: FloatArray) -> FloatArray:
    """Return what lies behind the stars, a nebula or nothing: what is wider than a star with its rim."""
    behind = cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((STAR_CELLS, STAR_CELLS), np.uint8))
    return _blurred(np.asarray(behind, np.float32), STAR_CELLS / 6)


def _sampled(half: FloatArray, rows: IndexArray, columns: IndexArray) -> FloatArray:
    """Return the values ``(n, 3)`` of a copy half as large at places of the other."""
    places = np.zeros((2, -(-len(rows) // LINE), LINE), np.float32)
    places.reshape(2, -1)[:, : len(rows)] = (columns / 2 - 0.25, rows / 2 - 0.25)
    found = cv2.remap(half, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, 3)[: len(rows)], np.float32)


def _mix(
    picture: FloatArray,
    places: tuple[IndexArray, IndexArray],
    share: FloatArray,
    around: FloatArray,
    colours: FloatArray,
) -> None:
    """Give the starlight at places of a copy ``1 / SHRINK`` as large, in place, a share of the colours there."""
    flat, width = picture.reshape(-1, 3), picture.shape[1]
    first = places[0] * SHRINK * width + places[1] * SHRINK
    for down in range(SHRINK):
        for right in range(SHRINK):
            here = first + (down * width + right)
            pixels = flat.take(here, axis=0)
            above = pixels - around
            light = channel_mean(above[:, np.newaxis])
            flat[here] = pixels + (light * colours - above) * share[:, np.newaxis]


def _of_stars(colours: FloatArray) -> FloatArray:
    """Return the nearest colours ``(n, 3)``, of mean 1, that glowing bodies have: green lies between red and blue."""
    red, green, blue = np.maximum(colours, 0).T
    green = np.clip(green, (red + blue) / 2, np.maximum(red, blue))
    stars = np.stack([red, green, blue], axis=1)
    return np.asarray(stars / np.maximum(stars.mean(axis=1, keepdims=True), 1e-6), np.float32)
