"""Another brightness for a picture, with the colours as they were."""

from __future__ import annotations

import numpy as np

from indistack.enhance.sky import channel_mean
from indistack.values.frame import FloatArray

DARK = 1e-3
"""Darker pixels have no colour to speak of."""


def with_brightness(pixels: FloatArray, light: FloatArray) -> FloatArray:
    """Give a picture another brightness; the ratios of its colours stay.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32, 0 to 1, finite; unchanged.
    light : array
        ``(h, w)`` float32, the new mean of the colours.

    Returns
    -------
    array
        Of the shape of `pixels`, new.
    """
    if pixels.ndim == 2:
        return light.copy()
    before = channel_mean(pixels)
    factor = np.where(before > DARK, light / np.maximum(before, DARK), 1)
    return np.asarray(pixels * factor[..., np.newaxis], np.float32)
