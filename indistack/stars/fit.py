"""Least-squares fit of an elliptical Gaussian to many stars at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import FWHM_PER_SIGMA
from indistack.stars.stamps import Stamps
from indistack.system.workers import Workers
from indistack.values.frame import DoubleArray, FloatArray

PIXEL_VARIANCE = 1 / 12
"""A square pixel widens a profile by this much (px^2)."""

CHUNK_SITES = 32_768
"""Photosites per piece of work: its Jacobian fits in the processor's cache, and threads seldom wait for each other."""

SHAPE_PRIOR = 0.6
"""Relative standard deviation of the width terms around the start: it matters only where noise hides the shape."""

MAX_STEPS = 12
STILL_PX, STILL_SHAPE, PER_NOISE = 5e-3, 0.02, 20.0
"""A star stands still when its centre and (relative) width change by less; by so many times more, the fainter it is:
a seventh of what noise does to them."""

FAINT_NOISE, FAINT_STEPS = 0.1, 6
"""Candidates with more noise, in units of their height, get so many steps only: what needs more is mostly no star."""

AMPLITUDE, SKY, X, Y, A, B, C, RESIDUAL = range(8)


@dataclass(frozen=True, slots=True)
class Fits:
    """Gaussians ``sky + amplitude exp(-(a dx^2 + b dy^2 + 2 c dx dy))``, sampled at pixel centres; float64 arrays.

    Attributes
    ----------
    x, y : array
        Centre in the frame (px).
    amplitude, sky : array
        Height of the sampled profile above the sky, and the sky under it (ADU).
    flux : array
        Its sum over all pixels (ADU).
    fwhm : array
        Geometric mean of the two axes' widths before the pixel widened them (px).
    major : array
        Width along the longer axis (px).
    eccentricity : array
        ``sqrt(1 - (b / a)^2)``.
    angle : array
        Direction of the longer axis (rad, from x towards y).
    snr : array
        Amplitude in units of its standard deviation from the sky's noise.
    misfit : array
        Root mean square residual in units of the amplitude.
    """

    x: DoubleArray
    y: DoubleArray
    amplitude: DoubleArray
    sky: DoubleArray
    flux: DoubleArray
    fwhm: DoubleArray
    major: DoubleArray
    eccentricity: DoubleArray
    angle: DoubleArray
    snr: DoubleArray
    misfit: DoubleArray


def fit_gaussians(
    stamps: Stamps, x: DoubleArray, y: DoubleArray, fwhm_px: DoubleArray | float, noise_adu: float, workers: Workers
) -> Fits:
    """Fit every star by damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963).

    Parameters
    ----------
    stamps : Stamps
        The photosites.
    x, y : array
        Where to start (px, frame).
    fwhm_px : float or array
        Width to start from.
    noise_adu : float
        Noise of one photosite, above 0.
    workers : Workers
        Threads to use.

    Notes
    -----
    A pixel-integrated Gaussian is, to better than 0.1 % for a FWHM above 1.5 px, a sampled one whose variance is 1/12
    larger, so the model costs one exponential per photosite and has no bias from undersampling.
    """
    start_x, start_y = x - stamps.x, y - stamps.y
    width = np.broadcast_to(np.asarray(fwhm_px, np.float64), start_x.shape)

    def work(part: slice) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
        return _fit_chunk(stamps.take(part), start_x[part], start_y[part], width[part], noise_adu)

    pieces = workers.strips(work, len(stamps), max(32, CHUNK_SITES // len(stamps.u)))
    if not pieces:
        pieces = [(np.zeros((0, 7)), np.zeros(0), np.zeros(0))]
    values, snr, misfit = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return _describe(values, snr, misfit, stamps)


def _describe(values: DoubleArray, snr: DoubleArray, misfit: DoubleArray, stamps: Stamps) -> Fits:
    a, b, c = values[:, A], values[:, B], values[:, C]
    determinant = 4 * (a * b - c * c)
    middle = (a + b) / determinant
    swing = np.hypot(a - b, 2 * c) / determinant
    least = 0.1 * PIXEL_VARIANCE
    long2 = np.maximum(middle + swing - PIXEL_VARIANCE, least)
    short2 = np.maximum(middle - swing - PIXEL_VARIANCE, least)
    return Fits(
        x=stamps.x + values[:, X],
        y=stamps.y + values[:, Y],
        amplitude=values[:, AMPLITUDE],
        sky=values[:, SKY],
        flux=values[:, AMPLITUDE] * 2 * np.pi / np.sqrt(determinant),
        fwhm=FWHM_PER_SIGMA * (long2 * short2) ** 0.25,
        major=FWHM_PER_SIGMA * np.sqrt(long2),
        eccentricity=np.sqrt(1 - short2 / long2),
        angle=np.arctan2(-2 * c, b - a) / 2,
        snr=snr,
        misfit=misfit,
    )


def _fit_chunk(
    stamps: Stamps, x: DoubleArray, y: DoubleArray, fwhm_px: DoubleArray, noise_adu: float
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Fit some stars: parameters (in ADU and px from the stamp's centre), SNR, misfit."""
    sky, height = _levels(stamps)
    data = ((stamps.values - sky[:, None]) / height[:, None]).astype(np.float32)
    spot = 1 / (2 * ((fwhm_px / FWHM_PER_SIGMA) ** 2 + PIXEL_VARIANCE))
    start = np.stack([np.ones(len(x)), np.zeros(len(x)), x, y, spot, spot, np.zeros(len(x))], axis=1)
    values, energy, residual2 = _descend(data, stamps, start, noise_adu / height)
    count = stamps.usable.sum(axis=1)
    values[:, AMPLITUDE] *= height
    values[:, SKY] = values[:, SKY] * height + sky
    snr = values[:, AMPLITUDE] * np.sqrt(energy) / noise_adu
    misfit = np.sqrt(residual2 / np.maximum(count, 1)) * height / np.maximum(values[:, AMPLITUDE], 1e-30)
    return values, snr, misfit


def _levels(stamps: Stamps) -> tuple[DoubleArray, DoubleArray]:
    """Sky (lower third) and height of the brightest usable photosite above it, per stamp."""
    ordered = np.sort(np.where(stamps.usable > 0, stamps.values, np.float32(np.inf)), axis=1)
    count = (stamps.usable > 0).sum(axis=1)
    every = np.arange(len(ordered))
    some = count > 0
    sky = np.where(some, ordered[every, count // 3 * some], 0).astype(np.float64)
    top = np.where(some, ordered[every, np.maximum(count - 1, 0)], 1).astype(np.float64)
    sky = np.where(np.isfinite(sky), sky, 0)
    return sky, np.maximum(np.where(np.isfinite(top), top, 1) - sky, 1e-12)


def _descend(
    data: FloatArray, stamps: Stamps, start: DoubleArray, noise: DoubleArray
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Levenberg-Marquardt on all stars of a chunk; those that stand still leave the work.

    Returns the parameters, the profile's sum of squares and that of the residual.
    """
    count = len(start)
    pull = np.zeros((count, 7))
    pull[:, A:] = (noise / (SHAPE_PRIOR * start[:, A]))[:, None] ** 2
    best, cost = start.copy(), np.full(count, np.inf)
    normal, slope = np.zeros((count, 7, 7), np.float32), np.zeros((count, 7), np.float32)
    damping = np.full(count, 1e-3)
    trial, active, seen = start.copy(), np.arange(count), (data, stamps.usable)
    for number in range(1, MAX_STEPS + 1):
        columns = _linearise(*seen, stamps, trial[active])
        products = columns @ columns.transpose(0, 2, 1)
        now = products[:, RESIDUAL, RESIDUAL] + (pull[active] * (trial[active] - start[active]) ** 2).sum(axis=1)
        better = now <= cost[active]
        won = active[better]
        best[won], cost[won] = trial[won], now[better]
        normal[won], slope[won] = products[better, :RESIDUAL, :RESIDUAL], products[better, :RESIDUAL, RESIDUAL]
        damping[active] *= np.where(better, 0.2, 10)
        was = best[active]
        now_at = _step(was, normal[active], slope[active], pull[active], start[active], damping[active])
        trial[active] = now_at
        moved = np.hypot(now_at[:, X] - was[:, X], now_at[:, Y] - was[:, Y])
        reshaped = np.abs(now_at[:, A:] - was[:, A:]).max(axis=1) / was[:, A]
        ease = 1 + PER_NOISE * noise[active]
        still = (moved < STILL_PX * ease) & (reshaped < STILL_SHAPE * ease)
        still |= (noise[active] > FAINT_NOISE) & (number >= FAINT_STEPS)
        best[active[still]] = now_at[still]
        if still.all():
            break
        if still.any():
            active = active[~still]
            seen = data[active], stamps.usable[active]
    residual2 = np.maximum(cost - (pull * (best - start) ** 2).sum(axis=1), 0)
    return best, normal[:, AMPLITUDE, AMPLITUDE].astype(np.float64), residual2


def _linearise(data: FloatArray, usable: FloatArray, stamps: Stamps, values: DoubleArray) -> FloatArray:
    """Jacobian of some stars and, behind it, their residual: ``(n, 8, m)``; 0 at unusable photosites."""
    amplitude, sky, x, y, a, b, c = (column[:, None] for column in values.astype(np.float32).T)
    dx, dy = stamps.u - x, stamps.v - y
    along_x, along_y = a * dx + c * dy, b * dy + c * dx
    jacobian = np.empty((len(data), RESIDUAL + 1, data.shape[1]), np.float32)
    profile = np.exp(-(along_x * dx + along_y * dy), out=jacobian[:, AMPLITUDE])
    profile *= usable
    height = amplitude * profile
    jacobian[:, SKY] = usable
    double = height + height
    np.multiply(double, along_x, out=jacobian[:, X])
    np.multiply(double, along_y, out=jacobian[:, Y])
    height_x = height * dx
    np.multiply(height_x, -dx, out=jacobian[:, A])
    np.multiply(height * dy, -dy, out=jacobian[:, B])
    np.multiply(height_x, -2 * dy, out=jacobian[:, C])
    residual = np.subtract(data, sky, out=jacobian[:, RESIDUAL])
    residual *= usable
    residual -= height
    return jacobian


def _step(
    base: DoubleArray, normal: FloatArray, slope: FloatArray, pull: DoubleArray, start: DoubleArray,
    damping: DoubleArray,
) -> DoubleArray:  # fmt: skip
    """Return the next trial: a damped step from `base`, kept within sane shapes."""
    matrix = normal.astype(np.float64)
    diagonal = np.einsum("nii->ni", matrix)
    diagonal += pull
    diagonal *= 1 + damping[:, None]
    diagonal += 1e-9
    right = slope - pull * (base - start)
    step = np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    step[:, X:A] = np.clip(step[:, X:A], -1, 1)
    trial = base + step
    trial[:, A:C] = np.clip(trial[:, A:C], np.maximum(0.5 * base[:, A:C], 1e-3), np.minimum(2 * base[:, A:C], 6.0))
    limit = 0.95 * np.sqrt(trial[:, A] * trial[:, B])
    trial[:, C] = np.clip(trial[:, C], -limit, limit)
    return trial
