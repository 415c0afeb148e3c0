"""Neutral sky and white stars: the colour of a picture that nobody has calibrated."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from indistack.enhance.base import OPERATORS, Operator, median_and_sigma, sample
from indistack.picture.linear import StackPicture, grid_of, levels_of, sky_of
from indistack.values.frame import FloatArray

STAR_SIGMA = 10.0
"""Pixels that far above the sky in every channel are taken for stars."""

MIN_STAR_PIXELS = 30

GAIN_LIMIT = 4.0
"""No camera needs more between two of its colours."""


@OPERATORS.register("neutral")
class Neutral(Operator):
    """Sky to one level in all channels, channels scaled so that the field's stars are white on average.

    A one-shot colour camera's raw channels differ by its filters and by the sky's own light; the mean star of a field
    is close to white, so its colour is the white point. Grey pictures pass unchanged.
    """

    balances_colour: ClassVar[bool] = True

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if picture.ndim == 2:
            return picture.copy()
        pixels = sample(picture)
        sky, (_, noise) = sky_of(levels_of(grid_of(StackPicture(picture)))), median_and_sigma(pixels)
        gains = _white_gains(pixels - sky, noise)
        balanced: FloatArray = ((picture - sky) * gains + sky[1]).astype(np.float32)
        return balanced


def _white_gains(above_sky: FloatArray, noise: FloatArray) -> FloatArray:
    """Gain per channel, green = 1, from the pixels of stars; ones where there are too few."""
    stars = above_sky[(above_sky > STAR_SIGMA * noise).all(axis=1)]
    if len(stars) < MIN_STAR_PIXELS:
        return np.ones(3, np.float32)
    stars = stars[stars.max(axis=1) < np.quantile(stars.max(axis=1), 0.98)]  # clipped cores are white by accident
    ratio = np.median(stars[:, 1:2] / stars, axis=0)
    gains: FloatArray = np.clip(ratio, 1 / GAIN_LIMIT, GAIN_LIMIT).astype(np.float32)
    return gains
