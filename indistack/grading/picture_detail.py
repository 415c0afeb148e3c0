"""How much fine detail a picture of the Sun, the Moon or a planet shows: what good seeing lets through."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import FloatArray

FINE_PX, COARSE_PX = 1.0, 2.0
"""Sigmas of the Gaussians between which lies the detail that seeing takes first (binned px)."""

NOISE_SHARE = (FINE_PX**-2 + COARSE_PX**-2 - 4 / (FINE_PX**2 + COARSE_PX**2)) / (4 * np.pi)
"""Variance that white noise of variance 1 has in their difference."""

DARK_PERCENTILE = 5.0


def detail_share(luminance: FloatArray) -> float:
    """Tell how sharp a picture is, whatever its brightness: the rms of its fine detail as a share of its own rms.

    Parameters
    ----------
    luminance : array
        ``(h, w)`` float32, finite, ADU; unchanged.

    Returns
    -------
    float
        0 or more, the noise's part taken off; 0 of a picture that is the same everywhere.
    """
    coarse = cv2.GaussianBlur(luminance, (0, 0), COARSE_PX)
    fine = cv2.GaussianBlur(luminance, (0, 0), FINE_PX) - coarse
    noise = sigma_of_deviations(luminance[1:] - luminance[:-1]) / 2**0.5
    light = luminance - np.percentile(coarse[::2, ::2], DARK_PERCENTILE)
    power, whole = float(np.mean(fine**2)) - NOISE_SHARE * noise**2, float(np.mean(light**2)) - noise**2
    return (max(0.0, power) / whole) ** 0.5 if whole > 0 else 0.0
