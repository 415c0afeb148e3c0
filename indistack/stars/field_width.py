"""How wide the stars of a field typically are."""

from __future__ import annotations

import numpy as np

from indistack.stars.clean_stamps import clean_stamps
from indistack.stars.detect import best_of_parts
from indistack.stars.fit import fit_gaussians
from indistack.stars.selection import LEAST_SNR, MISFIT
from indistack.stars.stamps import fits_inside
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, DoubleArray, FloatArray

FIELD_STARS = 64
"""Parts of the field; the best candidate of each tells the field's typical width."""
GUESS_RADIUS = 12


def field_width(
    frame: CalibratedFrame, luminance: FloatArray, x: DoubleArray, y: DoubleArray, noise_adu: float, workers: Workers
) -> tuple[float, float]:
    """Measure the median FWHM of bright stars, and the median width of their longer axis.

    One candidate of each part of the field is taken: most of all peaks may lie on one satellite's trail.

    Parameters
    ----------
    frame : CalibratedFrame
        Read only.
    luminance : array
        ``(h // 2, w // 2)`` float32, its binned luminance (ADU).
    x, y : array
        ``(n,)`` float64, places of the candidates, most significant first (px of the frame).
    noise_adu : float
        Of a photosite.
    workers : Workers
        Threads.

    Returns
    -------
    fwhm, major : float
        In px of the frame; a guess from the luminance where no candidate can be fitted.
    """
    chosen = best_of_parts(x, y, frame.width, frame.height, FIELD_STARS)
    x, y = x[chosen], y[chosen]
    guess = _width_at_half_height(luminance, (x - 0.5) / 2, (y - 0.5) / 2)
    radius = int(np.clip(np.ceil(1.6 * guess) + 2, 5, 40))
    some = np.flatnonzero(fits_inside(frame, x, y, radius))
    if len(some) == 0:
        return guess, guess
    stamps = clean_stamps(frame, x[some], y[some], radius, noise_adu, workers)
    fits = fit_gaussians(stamps, x[some], y[some], guess, noise_adu, workers)
    good = (fits.snr > 2 * LEAST_SNR) & ~stamps.clipped & (fits.misfit < MISFIT) & (fits.major < 2 * radius)
    good &= np.hypot(fits.x - x[some], fits.y - y[some]) < max(2.0, 0.6 * guess)
    if not good.any():
        return guess, guess
    return float(np.median(fits.fwhm[good])), float(np.median(fits.major[good]))


def _width_at_half_height(luminance: FloatArray, x: DoubleArray, y: DoubleArray) -> float:
    """First guess of the FWHM (px, full resolution): from the area above half of the peak, on the binned plane."""
    column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    reach = min(GUESS_RADIUS, min(luminance.shape) // 2 - 1)
    inside = (column >= reach) & (row >= reach)
    inside &= (column < luminance.shape[1] - reach) & (row < luminance.shape[0] - reach)
    if not inside.any():
        return 3.0
    span = np.arange(-reach, reach + 1)
    values = luminance[row[inside, None, None] + span[:, None], column[inside, None, None] + span]
    flat = values.reshape(len(values), -1)
    sky = np.median(flat, axis=1)
    top = values[:, reach - 1 : reach + 2, reach - 1 : reach + 2].max(axis=(1, 2))
    area = (flat > ((sky + top) / 2)[:, None]).sum(axis=1)
    wide = 2 * np.sqrt(float(np.median(area)) / np.pi)
    return float(np.clip(2 * np.sqrt(max(wide**2 - 0.5, 0.5)), 1.5, 24))
