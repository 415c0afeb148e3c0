"""The screen transfer function: a midtones stretch that finds its own parameters."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator, median_and_sigma, sample
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SHADOWS_SIGMA = 2.8
"""Black lies that many MADN below the median."""

TARGET = 0.25
"""Where the median lands, on 0..1."""

WHITE_QUANTILE = 0.9999
"""White is the value that this share of the pixels does not reach: one hot pixel must not darken the picture."""

LINEAR = 0.5
"""The midtones balance that changes nothing."""

BRIGHT_QUANTILE, BRIGHT = 0.99, 0.9
"""The value that this share of the pixels does not reach stays below that brightness where the Moon or a planet is in
the picture: it is not burnt out for its dark sky."""

EXTENDED = 0.5
"""Of white: stars, however many, leave fewer than a hundredth of the pixels above it."""


def midtones(x: FloatArray, balance: float) -> FloatArray:
    """Midtones transfer function m(x) = ((m - 1) x) / ((2m - 1) x - m): 0 -> 0, `balance` -> 0.5, 1 -> 1.

    Parameters
    ----------
    x : array
        Of any shape, float32, 0 to 1; unchanged. NaN stays NaN.
    balance : float
        Above 0, below 1; 0.5 changes nothing.

    Returns
    -------
    array
        Of the same shape and dtype, 0 to 1, new.
    """
    result: FloatArray = ((balance - 1) * x) / ((2 * balance - 1) * x - balance)
    return result


def balance_for(level: float, target: float) -> float:
    """Return the midtones balance that brings a level to a target: m is its own inverse in this."""
    return float(midtones(np.array(level, np.float32), target))


class StfSettings(Settings):
    """Arguments of ``stf``."""

    target: float = Field(default=TARGET, gt=0, lt=1)
    """Where the median lands, on 0..1: more is brighter."""


@OPERATORS.register("stf")
class Stf(Operator):
    """Stretch to 0..1: black at median - 2.8 MADN, median at 0.25, one curve for all channels.

    The median stays darker where the Moon or a planet would be burnt out otherwise. ``stf:0.2``: median at 0.2.
    """

    works_in: ClassVar[int] = 5

    settings: ClassVar[type[Settings]] = StfSettings
    shows: ClassVar[bool] = True

    def __init__(self, settings: StfSettings = StfSettings()) -> None:  # noqa: B008 - frozen
        self._target = settings.target

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        pixels = sample(picture)
        if len(pixels) == 0:
            return picture.copy()
        median, sigma = median_and_sigma(pixels)
        black = float(np.mean(median - SHADOWS_SIGMA * sigma))
        white = max(float(np.quantile(pixels, WHITE_QUANTILE)), float(median.max()))
        if white <= black:  # a field of one value: mid grey
            return np.where(np.isfinite(picture), np.float32(self._target), picture)
        level = (float(np.mean(median)) - black) / (white - black)
        bright = min((float(np.quantile(pixels, BRIGHT_QUANTILE)) - black) / (white - black), 1.0)
        gentlest = min(balance_for(bright, BRIGHT), LINEAR) if bright > EXTENDED else 0.0
        balance = max(balance_for(level, self._target), gentlest) if level > 0 else LINEAR
        scaled = np.clip((picture - np.float32(black)) / np.float32(white - black), 0, 1)
        return midtones(scaled, balance).astype(np.float32)
