"""Neutral sky and white stars: the colour of a picture that nobody has calibrated."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from indistack.enhance.base import OPERATORS, Operator
from indistack.enhance.sky import Sky, measure_sky, thinned
from indistack.enhance.strips import strips
from indistack.values.frame import FloatArray

STAR_SIGMA = 10.0
"""Pixels that far above the sky in every channel are taken for stars."""

MIN_STAR_PIXELS = 30

STAR_PIXELS = 600_000
"""Of a picture are looked at for stars, at most."""

GAIN_LIMIT = 4.0
"""No camera needs more between two of its colours."""

CLIPPED, MIN_CLIPPED, SAME_LEVEL = 0.7, 12, 0.95
"""A channel is clipped where so many pixels come within that share of its brightest; what is above 0.7 of that has lost
some of its colour in a part of the subs."""


@OPERATORS.register("neutral")
class Neutral(Operator):
    """Sky to one level in all channels, channels scaled so that the field's stars are white on average.

    A one-shot colour camera's raw channels differ by its filters and by the sky's own light; the mean star of a field
    is close to white, so its colour is the white point. What was clipped has lost its colour and becomes white. Grey
    pictures pass unchanged.
    """

    balances_colour: ClassVar[bool] = True

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        sky = measure_sky(picture)
        if picture.ndim == 2 or sky is None:
            return picture.copy()
        pixels = np.ascontiguousarray(np.moveaxis(thinned(picture, STAR_PIXELS), 2, 0)).reshape(3, -1)
        brightest = np.fmax.reduce(pixels, axis=1)
        gains = _white_gains(pixels, sky, brightest)
        width = picture.shape[1]
        factor, offset = np.tile(gains, width), np.tile(sky.level[1] - sky.level * gains, width)
        clipped = _is_clipped(pixels, brightest)
        result = np.empty_like(picture)
        for rows in strips(picture):
            flat = result[rows].reshape(-1, 3 * width)
            np.multiply(picture[rows].reshape(-1, 3 * width), factor, out=flat)
            flat += offset
            if clipped:
                _whiten(picture[rows], result[rows], sky.level, brightest)
        return result


def _white_gains(pixels: FloatArray, sky: Sky, brightest: FloatArray) -> FloatArray:
    """Gain per channel, green = 1, from the pixels of stars that are not clipped; ones where there are too few."""
    bright = pixels[1] > sky.level[1] + STAR_SIGMA * sky.noise[1]  # NaN is none
    stars = pixels[:, bright].T - sky.level
    stars = stars[((stars > STAR_SIGMA * sky.noise) & (stars < CLIPPED * (brightest - sky.level))).all(axis=1)]
    if len(stars) < MIN_STAR_PIXELS:
        return np.ones(3, np.float32)
    ratio = np.median(stars[:, 1:2] / stars, axis=0)
    gains: FloatArray = np.clip(ratio, 1 / GAIN_LIMIT, GAIN_LIMIT).astype(np.float32)
    return gains


def _is_clipped(pixels: FloatArray, brightest: FloatArray) -> bool:
    alike = np.count_nonzero(pixels > SAME_LEVEL * brightest[:, np.newaxis], axis=1)
    return bool((alike >= MIN_CLIPPED).any())


def _whiten(picture: FloatArray, result: FloatArray, sky: FloatArray, brightest: FloatArray) -> None:
    """Let the balanced picture go over to white, in place, where a channel of the picture is near its limit."""
    limit = np.maximum(brightest - sky, 1e-6)
    levels = sky + CLIPPED * limit
    red, green, blue = (plane > level for plane, level in zip(cv2.split(picture), levels, strict=True))
    near = red | green | blue
    share = ((picture[near] - sky) / limit).max(axis=1, keepdims=True, initial=0)
    share = np.clip((share - CLIPPED) / (SAME_LEVEL - CLIPPED), 0, 1)
    balanced = result[near]
    result[near] = balanced + share * (balanced.max(axis=1, keepdims=True, initial=0) - balanced)
