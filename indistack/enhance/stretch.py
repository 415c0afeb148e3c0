"""The stretch of the default look: one curve on the brightness, and the colours as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import SAMPLES, channel_mean, measure_sky, thinned
from indistack.enhance.spare import new_like
from indistack.enhance.stf import balance_for, midtones
from indistack.enhance.strips import each_strip, planes_of
from indistack.settings import Settings
from indistack.values.frame import FloatArray

WHITE_PIXELS = 600_000
"""That white is looked for in."""

EXTENDED_QUANTILE, EXTENDED = 0.95, 0.65
"""What this share of the field does not reach, stars left out, becomes no brighter than that: a nebula, a comet or the
Milky Way that fills a deep stack keeps its structure and its colours."""

FULL = 0.95
"""So bright at most are these parts in the strongest of their colours: the red of hydrogen alone is no pink."""

STAR_PX = 5
"""Side of the median that leaves stars out, in the copy that white is looked for in."""

HALVINGS = 16
"""Of the search for black: to a ten thousandth."""

MOST_SIGMA = 1e5
"""Black lies no further below the sky, in units of the noise."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A midtones curve between black and white, in the picture's unit."""

    black: float
    white: float
    balance: float

    def at(self, light: float) -> float:
        """Return the brightness 0..1 of one linear one."""
        return float(self(np.array([[light]], np.float32))[0, 0])

    def __call__(self, light: FloatArray) -> FloatArray:
        """Brightness 0..1 of a linear one; new."""
        scale = 1 / (self.white - self.black)
        above = np.asarray(cv2.addWeighted(light, scale, light, 0, -self.black * scale), np.float32)
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
class Stretch(MeasuringOperator):
    """Stretch to 0..1 with the sky at 0.12, the same for 3 and for 300 subs; colours keep their hue.

    A midtones curve on the mean of the colours; what would be brighter than white in one colour is made paler instead,
    so that cores of stars go over to white. ``stretch:0.1``: a darker sky.
    """

    settings: ClassVar[type[Settings]] = StretchSettings
    eased = (False, True, True, True)
    shows = True

    def __init__(self, settings: StretchSettings = StretchSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return the sky's level and noise, the brightness that becomes white, and that of what fills the field."""
        light = channel_mean(thinned(picture, WHITE_PIXELS))
        sky = measure_sky(light)
        if sky is None:
            return ()
        white = np.quantile(light[np.isfinite(light)], [self._settings.white_quantile])
        return sky.level, sky.noise, white.astype(np.float32), _extended(thinned(picture, SAMPLES), sky.level[0])

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, noise, white, _ = (float(part[0]) for part in measures)
        if white <= level:  # a field of one value
            return np.where(np.isfinite(picture), np.float32(self._settings.sky), picture)
        curve = self._gentle(level, noise, white, measures[3])
        result = new_like(picture)

        def stretch(rows: slice) -> None:
            light = channel_mean(picture[rows])
            shown = curve(light)
            if picture.ndim == 2:
                result[rows] = shown
            else:
                self._colour(result[rows], shown, picture[rows], light, (curve.black, noise))

        each_strip(stretch, picture)
        return result

    def _gentle(self, level: float, noise: float, white: float, extended: FloatArray) -> Curve:
        """Return the curve with the most contrast in the sky that does not burn what fills the field."""
        light, strongest = (float(part) for part in extended)
        colourful = 1 + self._settings.saturation * (strongest - 1)
        wanted = max(min(EXTENDED, FULL / colourful), self._settings.sky)
        least, most = self._settings.black_sigma, max(self._settings.black_sigma, MOST_SIGMA)
        curve = self._curve(level, noise, white, least)
        if curve.at(light) <= wanted:
            return curve
        for _ in range(HALVINGS):
            sigma = (least * most) ** 0.5
            curve = self._curve(level, noise, white, sigma)
            least, most = (sigma, most) if curve.at(light) > wanted else (least, sigma)
        return curve

    def _curve(self, level: float, noise: float, white: float, black_sigma: float) -> Curve:
        """Return the curve that brings the sky's level to where it belongs."""
        black = level - black_sigma * noise
        if noise <= 0:  # of a few grey levels only
            black = level - self._settings.sky * (white - level)
        white = max(white, black + (level - black) / self._settings.sky)
        return Curve(black, white, balance_for((level - black) / (white - black), self._settings.sky))

    def _colour(
        self, result: FloatArray, shown: FloatArray, picture: FloatArray, light: FloatArray, dark: tuple[float, float]
    ) -> None:
        """Give a strip's stretched brightness the colours of the linear picture, given black and the noise above it."""
        factor = light - np.float32(dark[0])
        np.maximum(factor, np.float32(max(dark[1], 1e-6)), out=factor)
        cv2.divide(shown, factor, dst=factor, scale=self._settings.saturation)
        rest = shown - cv2.multiply(light, factor)
        planes = planes_of(picture)
        for plane in planes:
            cv2.add(cv2.multiply(plane, factor, dst=plane), rest, dst=plane)
        cv2.merge(planes, dst=result)
        beyond = np.flatnonzero(cv2.inRange(result, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) == 0)
        if len(beyond):
            flat = result.reshape(-1, 3)
            flat[beyond] = _paler(flat[beyond], shown.ravel()[beyond])


def _extended(picture: FloatArray, sky: np.float32) -> FloatArray:
    """Return what all but the brightest parts of a field do not reach, without its stars, and these parts' colour.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32; NaN is not covered; unchanged.
    sky : float
        Level of the sky in each colour.

    Returns
    -------
    array
        ``(2,)`` float32: that brightness, and the strongest colour of what is brighter over the mean of its colours.
    """
    light = channel_mean(np.ascontiguousarray(picture))
    known = np.isfinite(light)
    smooth = cv2.medianBlur(np.where(known, light, sky), STAR_PX)
    reached = np.quantile(smooth[known], EXTENDED_QUANTILE)
    if picture.ndim == 2 or reached <= sky:
        return np.array([reached, 1], np.float32)
    colours = picture[known & (smooth >= reached)].mean(axis=0) - sky
    return np.array([reached, max(colours.max() / max(colours.mean(), 1e-6), 1)], np.float32)


def _paler(colours: FloatArray, light: FloatArray) -> FloatArray:
    """Move ``(n, 3)`` colours towards grey of the same brightness ``(n,)``, until all are within 0 to 1."""
    light = light[:, np.newaxis]
    off = colours - light
    most, least = off.max(axis=1, keepdims=True, initial=0), off.min(axis=1, keepdims=True, initial=0)
    room = np.minimum((1 - light) / np.maximum(most, 1e-6), light / np.maximum(-least, 1e-6))
    return np.asarray(light + off * np.minimum(room, 1), np.float32)
