"""Colour noise: the eye takes coloured speckle for a fault long before it sees the same noise in grey."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator
from indistack.enhance.sky import SAMPLES, channel_mean, measure_sky, thinned
from indistack.enhance.spare import new_like
from indistack.enhance.strips import each_strip, planes_of
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SHRINK = 4
"""The blur is made in a copy so many times smaller; strips have a multiple of so many rows."""


class ColourNoiseSettings(Settings):
    """Arguments of ``colour_noise``."""

    strength: float = Field(default=0.95, ge=0, le=1)
    """Share of the colour's noise that the sky loses."""

    sigma_px: float = Field(default=6.0, gt=0, le=100)
    """Of the blur."""

    snr: float = Field(default=6.0, gt=0)
    """Pixels that many times brighter than the noise keep half of their own colour."""


@OPERATORS.register("colour_noise")
class ColourNoise(MeasuringOperator):
    """Blurs the differences between the colours where there is little signal; brightness stays as it is.

    Colours of bright pixels stay, and do not bleed into the sky. Grey pictures pass unchanged.
    """

    settings: ClassVar[type[Settings]] = ColourNoiseSettings
    eased = (False, True)

    def __init__(self, settings: ColourNoiseSettings = ColourNoiseSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return the level and the noise of the sky's brightness."""
        if picture.ndim == 2 or self._settings.strength == 0:
            return ()
        sky = measure_sky(channel_mean(thinned(picture, SAMPLES)))
        return () if sky is None or sky.noise[0] <= 0 else (sky.level, sky.noise)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        level, noise = measures
        unit = np.float32(1 / (self._settings.snr * noise[0]))
        small = np.concatenate(each_strip(lambda rows: _shrunk(picture[rows], level, unit), picture))
        small = cv2.GaussianBlur(np.nan_to_num(small), (0, 0), self._settings.sigma_px / SHRINK)
        colour = small[..., :3] / np.maximum(small[..., 3:], 1e-6)
        colours = np.asarray(np.pad(colour, ((1, 1), (0, 0), (0, 0)), mode="edge"), np.float32)
        result = new_like(picture)

        def quieten(rows: slice) -> None:
            light = channel_mean(picture[rows])
            faint = _faintness(light, level, unit, self._settings.strength)
            quiet = np.asarray(cv2.merge([light] * 3), np.float32)
            cv2.add(quiet, _enlarged(colours, rows, light.shape[1]), dst=quiet)
            cv2.blendLinear(quiet, picture[rows], faint, 1 - faint, dst=result[rows])

        each_strip(quieten, picture)
        return result


def _faintness(light: FloatArray, level: FloatArray, unit: np.float32, most: float = 1.0) -> FloatArray:
    """Return how little signal there is in each pixel, 0 to `most`."""
    faint = np.asarray(cv2.addWeighted(light, float(unit), light, 0, -float(level[0] * unit)), np.float32)
    np.square(faint, out=faint)
    faint += 1
    return np.divide(np.float32(most), faint, out=faint)


def _shrunk(picture: FloatArray, level: FloatArray, unit: np.float32) -> FloatArray:
    """Return colours less their mean, weighted by faintness, and the weight, in a copy `SHRINK` times smaller.

    Pixels that are not covered have no weight.
    """
    height, width = (-(-size // SHRINK) for size in picture.shape[:2])
    half = np.asarray(cv2.resize(picture, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR), np.float32)
    light = channel_mean(half)
    faint = _faintness(light, level, unit)
    planes = [(plane - light) * faint for plane in planes_of(half)]
    shrunk = cv2.resize(cv2.merge([*planes, faint]), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(shrunk, np.float32)


def _enlarged(colour: FloatArray, rows: slice, width: int) -> FloatArray:
    """Return some rows of the smooth colours at full size, of a copy with one more row at each end."""
    part = colour[rows.start // SHRINK : -(-rows.stop // SHRINK) + 2]
    size = width, part.shape[0] * SHRINK
    large = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large[SHRINK : SHRINK + rows.stop - rows.start], np.float32)
