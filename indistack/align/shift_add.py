"""Several planes added up along the way that the stars took over the sensor, which the planes alone do not show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.neighbours import Neighbours
from indistack.align.planes import background, shifted
from indistack.numerics.parabola import parabola_top
from indistack.numerics.statistics import robust_sigma, sigma_of_deviations
from indistack.values.frame import DoubleArray, FloatArray

IntArray = npt.NDArray[np.intp]

FILTER_PX = 0.85
"""Sigma of the filter that stars stand out best behind, in binned px."""
REACH_PX = 32
"""How far the stars may move from the first plane to the last (binned px)."""
VOTING_SIGMA, MOST_PAIRS = 1.8, 400_000
"""Maxima that high in one plane may be stars. Of more than give so many pairs the highest vote."""
FALSE_MAXIMA = 0.1
"""Of a sum's noise alone, so many stand out surely enough."""
HYPOTHESES = 8
STAMP_PX = 3
"""A star, its filter and a pixel of doubt reach no farther."""
TELLING = 200
"""So many of the brightest stars tell where each plane lies."""
SHIFT_ROUNDS = 2
STEADY_SIGMAS = 2.0


def flattened(plane: FloatArray) -> FloatArray:
    """Return the plane without its background and without what whole rows and columns have in common.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, ADU, new.
    """
    flat: FloatArray = plane - background(plane)
    flat -= np.median(flat, axis=1, keepdims=True)
    flat -= np.median(flat, axis=0, keepdims=True)
    return flat


def filtered(plane: FloatArray) -> FloatArray:
    """Return the plane as stars stand out best in it, in units of its noise.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, of robust standard deviation 1, new.
    """
    smooth = np.asarray(cv2.GaussianBlur(plane, (0, 0), FILTER_PX), np.float32)
    noise = robust_sigma(smooth)
    return smooth / np.float32(max(noise, 1e-12))


def maxima(plane: FloatArray, least: float) -> tuple[IntArray, IntArray]:
    """Find the local maxima above `least`, the highest first; none at the border.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    least : float
        In the plane's unit.

    Returns
    -------
    rows, columns : array
        ``(n,)`` intp each, new.
    """
    peak = (plane >= cv2.dilate(plane, np.ones((3, 3), np.uint8))) & (plane > least)
    border = STAMP_PX + 1
    peak[:border] = peak[-border:] = False
    peak[:, :border] = peak[:, -border:] = False
    y, x = np.nonzero(peak)
    order = np.argsort(-plane[y, x], kind="stable")
    return y[order], x[order]


def sure_sigma(plane: FloatArray) -> float:
    """Return how high a maximum must be that noise makes `FALSE_MAXIMA` times in the whole plane.

    Noise behind a Gaussian filter f has ``u exp(-u^2 / 2) / ((2 pi)^1.5 2 f^2)`` maxima per pixel above a high u
    (Adler 1981).

    Parameters
    ----------
    plane : array
        Of any dtype; only its size counts.

    Returns
    -------
    float
        In units of the noise.
    """
    high = 5.0
    for _ in range(10):
        density = high / ((2 * math.pi) ** 1.5 * 2 * FILTER_PX**2)
        high = math.sqrt(max(1.0, 2 * math.log(plane.size * density / FALSE_MAXIMA)))
    return high


def stars_in(total: FloatArray) -> tuple[IntArray, IntArray]:
    """Find what surely stands out of a sum, the highest first; see `maxima`.

    Parameters
    ----------
    total : array
        ``(h, w)`` float32, in units of its noise; unchanged.

    Returns
    -------
    rows, columns : array
        ``(n,)`` intp each, new.
    """
    return maxima(total, sure_sigma(total))


def added(planes: Sequence[FloatArray], shifts: DoubleArray) -> FloatArray:
    """Return the mean of the planes, each brought back by its shift ``(n, 2)``, x and y in px."""
    total = np.zeros_like(planes[0])
    for plane, (dx, dy) in zip(planes, shifts, strict=True):
        total += moved(plane, -dx, -dy)
    return total / np.float32(len(planes))


def moved(plane: FloatArray, dx: float, dy: float) -> FloatArray:
    """Return the ``(h, w)`` float32 plane moved by dx, dy (px), a new array; 0 where it does not reach."""
    size = plane.shape[1], plane.shape[0]
    return np.asarray(cv2.warpAffine(plane, shifted(dx, dy)[:2], size, flags=cv2.INTER_CUBIC), np.float32)


def find_shifts(
    planes: Sequence[FloatArray], times: DoubleArray, before: DoubleArray | None
) -> tuple[DoubleArray, int]:
    """Find how the stars moved, from stars that no single plane shows.

    In a steady drift the differences of place between all maxima of two planes are random but for those of the stars:
    pairs of planes vote for drifts, the best are tried on the sum, and the stars of the best sum tell how far each
    plane lies from the steady drift.

    Parameters
    ----------
    planes : sequence of array
        Of `filtered`.
    times : array
        ``(n,)`` when each was taken: from 0, the newest, to 1, the oldest.
    before : array or None
        How far stars moved over all planes the last time, to be tried first (px).

    Returns
    -------
    shifts : array
        ``(n, 2)`` where each plane's stars lie relative to the newest's (px).
    stars : int
        How many surely stand out of the sum.
    """
    drifts = [np.zeros(2) if before is None else before, np.zeros(2), *_voted(planes, times)]
    shifts = max((np.outer(times, drift) for drift in drifts), key=lambda tried: _stars_of(planes, tried))
    for _ in range(SHIFT_ROUNDS):
        shifts = _refined(planes, shifts, times)
    return shifts, _stars_of(planes, shifts)


def _stars_of(planes: Sequence[FloatArray], shifts: DoubleArray) -> int:
    """Stars that surely stand out of a sum."""
    return len(stars_in(filtered_sum(planes, shifts))[0])


def filtered_sum(planes: Sequence[FloatArray], shifts: DoubleArray) -> FloatArray:
    """Return the sum of filtered planes, in units of its noise.

    Parameters
    ----------
    planes : sequence of array
        ``(h, w)`` float32 each, of one shape; unchanged.
    shifts : array
        ``(n, 2)`` float64, px: each is brought back by its own.

    Returns
    -------
    array
        ``(h, w)`` float32, new.
    """
    total = added(planes, shifts)
    return total / np.float32(max(sigma_of_deviations(total), 1e-12))


def _voted(planes: Sequence[FloatArray], times: DoubleArray) -> list[DoubleArray]:
    """The drifts over the whole time that most pairs of maxima vote for."""
    points = [_points(plane) for plane in planes]
    side = np.arange(-REACH_PX, REACH_PX + 1, dtype=np.float32)
    drift_x, drift_y = np.meshgrid(side, side)
    votes = np.zeros(drift_x.shape, np.float32)
    for i in range(len(planes)):
        for j in range(i):
            share = np.float32(times[i] - times[j])
            reach = max(2, int(np.ceil(REACH_PX * abs(share))) + 2)
            ballot = _ballot(points[i], points[j], reach)
            votes += cv2.remap(ballot, drift_x * share + reach, drift_y * share + reach, cv2.INTER_LINEAR)
    y, x = maxima(np.pad(votes, STAMP_PX + 1), -np.inf)
    chosen = np.column_stack([x, y])[:HYPOTHESES] - (STAMP_PX + 1) - REACH_PX
    return list(chosen.astype(np.float64))


def _points(plane: FloatArray) -> DoubleArray:
    y, x = maxima(plane, VOTING_SIGMA)
    most = int((MOST_PAIRS * plane.size) ** 0.5 / (2 * REACH_PX))
    return np.column_stack([x, y])[:most].astype(np.float64)


def _ballot(points: DoubleArray, others: DoubleArray, reach: int) -> FloatArray:
    """How many pairs lie apart by each difference, more than usual, in units of its scatter."""
    i, j, _ = Neighbours(others, 1.5 * reach).within(points, 1.5 * reach) if len(others) else (np.zeros(0, int),) * 3
    dx, dy = (points[i] - others[j]).T.astype(np.intp) + reach
    inside = (dx >= 0) & (dx <= 2 * reach) & (dy >= 0) & (dy <= 2 * reach)
    count = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    np.add.at(count, (dy[inside], dx[inside]), 1)
    smooth = cv2.GaussianBlur(count, (0, 0), 1.0)
    usual = float(np.median(smooth))
    return (smooth - np.float32(usual)) / np.float32(max(usual, 1e-3) ** 0.5)


def _refined(planes: Sequence[FloatArray], shifts: DoubleArray, times: DoubleArray) -> DoubleArray:
    """The shifts, corrected by what the mean star of each plane shows."""
    y, x = (index[:TELLING] for index in stars_in(filtered_sum(planes, shifts)))
    if len(x) == 0:
        return shifts
    measured = np.array([_off_px(moved(plane, -dx, -dy), y, x) for plane, (dx, dy) in zip(planes, shifts, strict=True)])
    places, error = shifts + measured[:, :2], measured[:, 2]
    steady = _steady(places, error, times)
    far = np.hypot(*(places - steady).T) > STEADY_SIGMAS * 2**0.5 * error
    places = places if far.any() else steady
    newest = int(np.argmin(times))
    relative: DoubleArray = places - places[newest]
    return relative


def places_in(plane: FloatArray) -> DoubleArray:
    """Return what surely stands out of a sum, the highest first: ``(n, 3)`` x, y (px) and height (sigma)."""
    y, x = stars_in(plane)
    fine = plane.astype(np.float64)
    off_x = parabola_top(fine[y, x - 1], fine[y, x], fine[y, x + 1])
    off_y = parabola_top(fine[y - 1, x], fine[y, x], fine[y + 1, x])
    return np.column_stack([x + off_x, y + off_y, plane[y, x]])


def mean_stamp(plane: FloatArray, y: IntArray, x: IntArray) -> FloatArray:
    """Return the mean of a plane around some places, none of them at the border.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    y, x : array
        ``(n,)`` intp, px, at least one.

    Returns
    -------
    array
        ``(2 STAMP_PX + 1, 2 STAMP_PX + 1)`` float32, new.
    """
    span = np.arange(-STAMP_PX, STAMP_PX + 1)
    stamp: FloatArray = plane[y[:, None, None] + span[:, None], x[:, None, None] + span].mean(axis=0)
    return stamp


def _off_px(plane: FloatArray, y: IntArray, x: IntArray) -> tuple[float, float, float]:
    """How far the mean of the plane around some places lies from its middle, x and y, and the error of that (px)."""
    stamp = mean_stamp(plane, y, x)
    row, column = (int(index) for index in np.unravel_index(stamp[1:-1, 1:-1].argmax(), (5, 5)))
    fine = stamp.astype(np.float64)
    dy, dx = parabola_top(*fine[row : row + 3, column + 1]), parabola_top(*fine[row + 1, column : column + 3])
    snr = float(stamp[row + 1, column + 1]) * len(x) ** 0.5
    return column + 1 - STAMP_PX + float(dx), row + 1 - STAMP_PX + float(dy), 2 * FILTER_PX / max(snr, 1e-3)


def _steady(places: DoubleArray, error: DoubleArray, times: DoubleArray) -> DoubleArray:
    """The places on a steady drift that fits them best."""
    design = np.column_stack([np.ones(len(times)), times]) / error[:, None]
    numbers = np.linalg.lstsq(design, places / error[:, None], rcond=None)[0]
    steady: DoubleArray = np.column_stack([np.ones(len(times)), times]) @ numbers
    return steady
