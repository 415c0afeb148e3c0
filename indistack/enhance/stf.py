"""The screen transfer function: a midtones stretch that finds its own parameters."""

from __future__ import annotations

import numpy as np

from indistack.enhance.base import OPERATORS, median_and_sigma, sample
from indistack.frame import FloatArray

SHADOWS_SIGMA = 2.8
"""Black lies that many MADN below the median."""

TARGET = 0.25
"""Where the median lands, on 0..1."""

WHITE_QUANTILE = 0.9999
"""White is the value that this share of the pixels does not reach: one hot pixel must not darken the picture."""


def midtones(x: FloatArray, balance: float) -> FloatArray:
    """Midtones transfer function m(x) = ((m - 1) x) / ((2m - 1) x - m): 0 -> 0, `balance` -> 0.5, 1 -> 1."""
    result: FloatArray = ((balance - 1) * x) / ((2 * balance - 1) * x - balance)
    return result


@OPERATORS.register("stf")
class Stf:
    """Stretch to 0..1: black at median - 2.8 MADN, median at 0.25, one curve for all channels."""

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        pixels = sample(picture)
        if len(pixels) == 0:
            return np.zeros_like(picture)
        median, sigma = median_and_sigma(pixels)
        black = float(np.mean(median - SHADOWS_SIGMA * sigma))
        white = max(float(np.quantile(pixels, WHITE_QUANTILE)), float(median.max()))
        if white <= black:  # a field of one value: mid grey
            return np.where(np.isfinite(picture), np.float32(TARGET), picture)
        level = (float(np.mean(median)) - black) / (white - black)
        balance = float(midtones(np.array(level, np.float32), TARGET)) if level > 0 else 0.5
        scaled = np.clip((picture - np.float32(black)) / np.float32(white - black), 0, 1)
        return midtones(scaled, balance).astype(np.float32)
