"""Robust statistics, and what a normal distribution makes of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation: 1 / inverse of the distribution
function at 3/4 (Rousseeuw and Croux 1993)."""

FWHM_PER_SIGMA = 2.3548200450309493
"""Full width at half maximum of a Gaussian over its standard deviation: 2 sqrt(2 ln 2)."""

LOWER_SIGMA = 0.158655
"""Share of a normal distribution below the mean less one standard deviation."""

MEDIAN_TO_MEAN_ERROR = 1.2533
"""Standard error of the median of many normal values over that of their mean: sqrt(pi / 2)."""


def robust_sigma(values: npt.NDArray[np.number], middle: float | None = None) -> float:
    """Return the standard deviation of values, half of which at most may be outliers: 1.4826 times their MAD.

    Parameters
    ----------
    values : array
        Of any shape and real dtype; unchanged. Integers must be signed, and must not overflow less their middle.
    middle : float, optional
        From where deviations are counted; the median of the values if not given.

    Returns
    -------
    float
        In the unit of the values; 0.0 of no values, NaN where one of them is NaN.
    """
    return sigma_of_deviations(values - (np.median(values) if middle is None else middle)) if np.size(values) else 0.0


def sigma_of_deviations(deviations: npt.NDArray[np.number]) -> float:
    """Return the standard deviation of values whose true mean is 0: 1.4826 times the median of their sizes.

    Parameters
    ----------
    deviations : array
        Residuals or differences of any shape and real dtype; unchanged.

    Returns
    -------
    float
        In the unit of the deviations; 0.0 of none, NaN where one of them is NaN.
    """
    return MAD_TO_SIGMA * float(np.median(np.abs(deviations))) if np.size(deviations) else 0.0


def robust_sigmas(
    values: npt.NDArray[np.floating], middles: npt.NDArray[np.floating] | float
) -> npt.NDArray[np.floating]:
    """Return the standard deviation of each column of values, of which half at most may be outliers.

    Parameters
    ----------
    values : array
        ``(n, ...)`` of floats, n at least 1; unchanged.
    middles : array
        ``(...)``, from where the deviations of each column are counted: its median as a rule.

    Returns
    -------
    array
        ``(...)``, new, of the dtype of the values; NaN for a column that has NaN.
    """
    sigmas: npt.NDArray[np.floating] = MAD_TO_SIGMA * np.median(np.abs(values - middles), axis=0)
    return sigmas
