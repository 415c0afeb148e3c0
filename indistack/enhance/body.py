"""Planets, the Moon and the Sun: what covers a part of the field and is brighter than all of it."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, channels_of
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.enhance.spare import new_like
from indistack.enhance.strips import each_strip
from indistack.picture.linear import StackPicture, binning_for
from indistack.settings import Settings
from indistack.values.frame import FloatArray

BODY = 0.25
"""Of the brightest place: what is above is the body."""

SIDE_PX, BLUR_PX = 1000, 1.5
"""Of the copy that is measured, and of a blur: no hot pixel is the brightest place."""

DARKEST, DARK, BRIGHTEST = 0.001, 0.25, 0.995
"""Shares of the pixels that are darker."""

MOST_OF_RANGE, LEAST_OF_RANGE, BELOW = 0.15, 0.05, 0.9
"""Where the dark quarter of a picture spans more than that share of its range, and that much of its brightest place, it
is no sky: the body fills the field, and black lies that much below its darkest place."""

KNEE = 0.92
"""Brightness from which on nothing is burnt, but ever less brightened."""

STRONGEST = 0.96
"""Brightness of the strongest colour of a body, at most."""

RAW, MOST_RED = 1.15, 1.45
"""Colours are raw where green is so many times stronger than the others; red is then raised by that much at most."""

LESS_RED, LITTLE_BLUE = 0.97, 0.6
"""They are raw, too, where red and blue are less than such shares of green: what takes blue from the Sun's light, as
Mars and yellow filters do, leaves it red."""

RED, GREY_BLUE, SURELY = 1.25, 1.1, 0.2
"""By how much sensors see red less well than blue. So much bluer than red is what is grey to them, about; where it is
less blue than that, by the last of these, red is raised by all of the first."""

GREEN_IS_RED = 0.6
"""Where green lies between the blue and the red of what shines by the Sun's light."""

HALVINGS = 20
"""Of the search for white: to a millionth."""


class BodySettings(Settings):
    """Arguments of ``body``."""

    white: float = Field(default=0.88, gt=0, lt=1)
    """Brightness of the body where it is brightest (that 99.5 % of it do not reach)."""

    gamma: float = Field(default=1.2, gt=0, le=5)
    """Above 1 brightens what is dark, and takes contrast from what is bright."""

    black_sigma: float = Field(default=2.0, ge=0)
    """Black lies that many standard deviations of the noise above the sky."""


@OPERATORS.register("body")
class Body(MeasuringOperator):
    """A linear picture, or one with a gamma, of the Moon, the Sun or a planet: nothing burnt, the sky black.

    Colours are the camera's: one body tells nothing of what is white, but none is greener than it is red or blue, as
    raw colours are, and in such colours none is much bluer than red.
    """

    settings: ClassVar[type[Settings]] = BodySettings
    eased = (True, True, True)
    shows = True

    def __init__(self, settings: BodySettings = BodySettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return what becomes black in each channel, how far above it light becomes `white`, and the gain of each."""
        small = StackPicture(picture).binned(binning_for(picture.shape, SIDE_PX))
        black = self._black(picture, small)
        if black is None:
            return ()
        above = channels_of(np.nan_to_num(small - black).reshape(small.shape))
        smooth = cv2.GaussianBlur(channel_mean(np.squeeze(above, 2) if small.ndim == 2 else above), (0, 0), BLUR_PX)
        body = np.maximum(above[smooth > BODY * smooth.max()], 0)
        gains = _ungreened(body)
        return black, self._full_light(body * gains), gains

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        black, full, gains = measures
        if full[0] <= 0:  # nothing but sky
            return np.where(np.isfinite(picture), np.float32(0), picture)
        result = new_like(picture)

        def show(rows: slice) -> None:
            above = np.maximum(channels_of(picture[rows]) - black, 0)
            result[rows] = self._shown(above * (gains / full[0])).reshape(result[rows].shape)

        each_strip(show, picture)
        return result

    def _black(self, picture: FloatArray, small: FloatArray) -> FloatArray | None:
        """Return the level of each channel that becomes black; None where nothing is covered."""
        sky = measure_sky(picture)
        if sky is None:
            return None
        light = channel_mean(small)
        known = np.isfinite(light)
        darkest, dark, brightest = np.quantile(light[known], (DARKEST, DARK, BRIGHTEST))
        most = cv2.GaussianBlur(np.nan_to_num(light, nan=darkest), (0, 0), BLUR_PX).max()  # a small planet is less
        spread = dark - darkest
        if spread > MOST_OF_RANGE * (brightest - darkest) and spread > LEAST_OF_RANGE * (most - darkest):
            lowest = np.quantile(channels_of(small)[known], DARKEST, axis=0)
            return np.asarray(lowest - (1 - BELOW) * np.abs(lowest), np.float32)
        return sky.level + np.float32(self._settings.black_sigma) * sky.noise

    def _full_light(self, body: FloatArray) -> FloatArray:
        """Return the light above black ``(1,)`` with which all but the brightest of a body is below `white`.

        Of a colourful one, as the Moon in the Earth's shadow, the strongest colour is below `STRONGEST`.
        """
        low, high = 0.0, 4 * float(body.max(initial=0))
        if high <= 0:
            return np.zeros(1, np.float32)
        points = body[:: max(1, len(body) // 20_000)]
        for _ in range(HALVINGS):
            full = (low + high) / 2
            shown = self._shown(points / np.float32(full))
            light, strongest = (np.quantile(part, BRIGHTEST) for part in (shown.mean(axis=1), shown.max(axis=1)))
            is_too_bright = light > self._settings.white or strongest > max(STRONGEST, self._settings.white)
            low, high = (full, high) if is_too_bright else (low, full)
        return np.array([high], np.float32)

    def _shown(self, above: FloatArray) -> FloatArray:
        """Brightness 0..1, one curve for all channels: what is above the knee comes ever nearer to 1."""
        shown: FloatArray = np.float32(self._settings.white) * np.power(above, np.float32(1 / self._settings.gamma))
        knee = np.float32(max(self._settings.white, KNEE))
        over = np.maximum(shown - knee, 0) / (1 - knee)
        shown = np.minimum(shown, knee) + (1 - knee) * over / (1 + over)
        return shown


def _ungreened(body: FloatArray) -> FloatArray:
    """Return the gain of each channel of a body's light ``(n, channels)``: green is lowered to the others.

    What shines by the Sun's light is no bluer than it is red: where colours are raw, red is raised to blue, or as it is
    less well seen. Balanced colours stay, such as the blue of Neptune.
    """
    gains = np.ones(body.shape[1], np.float32)
    if len(gains) != 3 or len(body) == 0:
        return gains
    red, green, blue = (max(float(light), 1e-6) for light in body.sum(axis=0))
    if green > RAW * max(red, blue) or (red < LESS_RED * green and blue < LITTLE_BLUE * green):
        seen = 1 + (RED - 1) * min(max((GREY_BLUE - blue / red) / SURELY, 0), 1)
        gains[0] = min(max(seen, blue / red), MOST_RED)
        red *= float(gains[0])
        gains[1] = min(1.0, (blue + max(red - blue, 0) * GREEN_IS_RED) / green)
    else:
        gains[1] = min(1.0, max(red, blue) / green)
    return gains
