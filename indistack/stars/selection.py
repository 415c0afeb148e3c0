"""Which of the fitted candidates are stars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.stars.detect import close_pairs
from indistack.stars.fit import Fits
from indistack.stars.stamps import Stamps
from indistack.values.frame import BoolArray, DoubleArray

IntArray = npt.NDArray[np.intp]

LEAST_SNR = 3.0
NARROWEST, WIDEST, WIDEST_CLIPPED = 0.6, 1.9, 5.0
"""A star's FWHM in units of the field's median."""
LONGEST = 2.2
"""A star's longer axis in units of the field's median longer axis: a satellite's trail is longer, a gust's are not."""
MISFIT = 0.2
"""Largest rms residual in units of the amplitude, noise apart; a Moffat profile with beta 2.5 has 0.03."""


def is_star(
    fits: Fits, stamps: Stamps, x: DoubleArray, y: DoubleArray, field: tuple[float, float], noise_adu: float
) -> BoolArray:
    """Tell which fits are those of stars: bright, where they were looked for, as wide as the field's others, and round.

    Parameters
    ----------
    fits : Fits
        Of `n` candidates; the flux is not finite where a fit has failed.
    stamps : Stamps
        What was fitted.
    x, y : array
        ``(n,)`` float64, where the candidates were seen (px of the frame).
    field : (float, float)
        See `field_width`.
    noise_adu : float
        Of a photosite.

    Returns
    -------
    array
        ``(n,)`` bool.
    """
    widest = np.where(stamps.clipped, WIDEST_CLIPPED, WIDEST)
    longest = LONGEST * np.where(stamps.clipped, WIDEST_CLIPPED / WIDEST, 1)
    noise = noise_adu / np.maximum(fits.amplitude, 1e-30)
    result: BoolArray = (
        (fits.amplitude > 0)
        & np.isfinite(fits.flux)
        & (fits.snr >= LEAST_SNR)
        & (np.hypot(fits.x - x, fits.y - y) <= max(2.0, 0.6 * field[0]))
        & (fits.fwhm >= NARROWEST * field[0])
        & (fits.fwhm <= widest * field[0])
        & (fits.major <= longest * field[1])
        & (stamps.clipped | (fits.misfit**2 <= MISFIT**2 + (1.5 * noise) ** 2))
    )
    return result


def brightest_first(fits: Fits, stars: IntArray) -> IntArray:
    """Sort stars by their flux; equal ones by their place.

    Parameters
    ----------
    fits : Fits
        Of all candidates.
    stars : array
        ``(n,)`` intp, which of them are stars.

    Returns
    -------
    array
        ``(n,)`` intp, the order: indices into `stars`.
    """
    return np.lexsort((fits.x[stars], fits.y[stars], -fits.flux[stars]))


def first_of_its_place(x: DoubleArray, y: DoubleArray, radius: float) -> BoolArray:
    """Tell which stars do not lie within a radius of a brighter one, as the same star found twice does.

    Parameters
    ----------
    x, y : array
        ``(n,)`` float64, brightest first (px).
    radius : float
        In px.

    Returns
    -------
    array
        ``(n,)`` bool.
    """
    _, fainter = close_pairs(x, y, radius)
    first = np.ones(len(x), bool)
    first[fainter] = False
    return first
