"""How the stars move from plane to plane, found from stars that no single plane shows."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.neighbours import Neighbours
from indistack.align.shift_add import FILTER_PX, STAMP_PX, filtered_sum, lasting, maxima, mean_stamp, moved, stars_in
from indistack.numerics.parabola import parabola_top
from indistack.values.frame import DoubleArray, FloatArray

IntArray = npt.NDArray[np.intp]
REACH_PX = 32
"""How far the stars may move from the first plane to the last (binned px)."""
VOTING_SIGMA, MOST_PAIRS = 1.8, 400_000
"""Maxima that high in one plane may be stars. Of more than give so many pairs the highest vote."""
HYPOTHESES = 8
TELLING = 200
"""So many of the brightest stars tell where each plane lies."""
SHIFT_ROUNDS = 2
STEADY_SIGMAS = 2.0


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
    """Stars that surely stand out of a sum, and not by one plane alone."""
    return int(np.count_nonzero(lasting(planes, shifts, *stars_in(filtered_sum(planes, shifts)))))


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
