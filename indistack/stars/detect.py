"""Finding candidates: local maxima of the smoothed plane above the sky's noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.numerics.parabola import parabola_top
from indistack.stars.background import Mesh
from indistack.stars.plane import STRIP_ROWS
from indistack.system.workers import Workers
from indistack.values.frame import DoubleArray, FloatArray

IntArray = npt.NDArray[np.intp]
EDGE = 1
SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Places that may be stars, in binned pixels.

    Attributes
    ----------
    x, y : array
        Position of the maximum, refined by a parabola through its neighbours, float64.
    height : array
        Height above the sky in the smoothed plane (ADU), float64, above 0.
    snr : array
        `height` in units of the sky's noise there.
    """

    x: DoubleArray
    y: DoubleArray
    height: DoubleArray
    snr: DoubleArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: npt.NDArray[np.generic] | slice) -> Candidates:
        """Return the candidates that a NumPy index array or slice picks."""
        return Candidates(self.x[index], self.y[index], self.height[index], self.snr[index])


def find_candidates(smooth: FloatArray, mesh: Mesh, sigma: float, workers: Workers) -> Candidates:
    """Find local maxima more than `sigma` times the noise above the sky.

    Parameters
    ----------
    smooth : array
        ``(height, width)`` float32, at least 3 x 3.
    mesh : Mesh
        Sky and noise of `smooth`.
    sigma : float
        Threshold.
    workers : Workers
        Threads to use.

    Returns
    -------
    Candidates
        By falling `snr`. The outermost pixels hold none. A flat top counts once, in its middle.
    """
    height, width = smooth.shape
    limits = mesh.level + np.float32(sigma) * mesh.noise

    def work(rows: slice) -> IntArray:
        top, bottom = max(rows.start, EDGE), min(rows.stop, height - EDGE)
        if top >= bottom:
            return np.zeros(0, np.intp)
        around = smooth[top - 1 : bottom + 1]
        highest = cv2.dilate(around, SQUARE)[1:-1]
        peak = cv2.compare(around[1:-1], highest, cv2.CMP_GE)
        bright = cv2.compare(around[1:-1], mesh.rows(limits, slice(top, bottom), width), cv2.CMP_GT)
        points = cv2.findNonZero(cv2.bitwise_and(peak, bright))
        if points is None:
            return np.zeros(0, np.intp)
        x, y = points.reshape(-1, 2).T.astype(np.intp)
        inside = (x >= EDGE) & (x < width - EDGE)
        flat: IntArray = (y[inside] + top) * width + x[inside]
        return flat

    found = np.concatenate(workers.strips(work, height, STRIP_ROWS))
    return _measure(smooth, mesh, _middles(found, width))


def _middles(found: IntArray, width: int) -> IntArray:
    """One pixel of each group of maxima that touch: neighbours that are both the highest are equally high.

    `found` holds rising flat indices in a plane of that width, none of them in the outermost columns.
    """
    top = _tops(found, width)
    if (top == np.arange(len(top))).all():
        return found
    y, x = np.divmod(found, width)
    _, group, size = np.unique(top, return_inverse=True, return_counts=True)
    middle_x, middle_y = (np.bincount(group, place) / size for place in (x, y))
    away = np.hypot(x - middle_x[group], y - middle_y[group])
    order = np.lexsort((away, group))
    middles: IntArray = found[order[np.cumsum(size) - size]]
    return middles


def _tops(found: IntArray, width: int) -> IntArray:
    """For each maximum, the place in `found` of the first one that it is joined with, by however many others."""
    steps = (1, width - 1, width, width + 1)
    place = np.minimum([np.searchsorted(found, found + step) for step in steps], len(found) - 1)
    which, one = np.nonzero(found[place] == found + np.array(steps)[:, None])
    other = place[which, one]
    top = np.arange(len(found))
    while (top[one] != top[other]).any():
        least = np.minimum(top[one], top[other])
        for ends in (one, other):
            np.minimum.at(top, top[ends], least)
        top = top[top]
    return top


def _measure(smooth: FloatArray, mesh: Mesh, found: IntArray) -> Candidates:
    y, x = np.divmod(found, smooth.shape[1])
    centre = smooth[y, x].astype(np.float64)
    above = centre - mesh.at(mesh.level, x, y)
    snr = above / mesh.at(mesh.noise, x, y)
    refined_x = x + parabola_top(smooth[y, x - 1], centre, smooth[y, x + 1])
    refined_y = y + parabola_top(smooth[y - 1, x], centre, smooth[y + 1, x])
    candidates = Candidates(refined_x, refined_y, np.maximum(above, 1e-30), snr)
    return candidates.take(np.lexsort((x, y, -snr)))


def spread(x: DoubleArray, y: DoubleArray, width: float, height: float, limit: int, cells: int = 64) -> IntArray:
    """Pick at most `limit` points, the first ones of every part of the field in turn.

    Parameters
    ----------
    x, y : array
        Points, best first.
    width, height : float
        Extent of the field.
    limit : int
        How many to keep.
    cells : int
        About how many parts the field is divided into.

    Returns
    -------
    array
        Indices of the points kept, rising: the best first as before.
    """
    if len(x) <= limit:
        return np.arange(len(x))
    order = np.argsort(_ranks(x, y, width, height, cells), kind="stable")
    return np.sort(order[:limit])


def best_of_parts(x: DoubleArray, y: DoubleArray, width: float, height: float, parts: int) -> IntArray:
    """Pick the first point of each of about `parts` equal parts of the field; see `spread`.

    Parameters
    ----------
    x, y : array
        ``(n,)`` float64, px, best first.
    width, height : float
        Size of the field (px).
    parts : int
        How many.

    Returns
    -------
    array
        Indices of the points, rising, new; empty where there are no points.
    """
    return np.flatnonzero(_ranks(x, y, width, height, parts) == 0)


def _ranks(x: DoubleArray, y: DoubleArray, width: float, height: float, cells: int) -> IntArray:
    """Return how many points of its cell come before each point."""
    side = np.sqrt(width * height / cells)
    columns = int(width / side) + 1
    cell = (y / side).astype(np.intp) * columns + (x / side).astype(np.intp)
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty(len(x), np.intp)
    rank[order] = np.arange(len(x)) - first
    return rank


def close_pairs(x: DoubleArray, y: DoubleArray, radius: float) -> tuple[IntArray, IntArray]:
    """Find all pairs of points closer than `radius`: indices ``(i, j)``, each pair once, ``i < j``."""
    order = np.argsort(x, kind="stable")
    sorted_x = x[order]
    last = np.searchsorted(sorted_x, sorted_x + radius, side="right")
    first = np.arange(len(x)) + 1
    count = np.maximum(last - first, 0)
    left = np.repeat(np.arange(len(x)), count)
    right = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count) + left + 1
    i, j = order[left], order[right]
    near = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 < radius**2
    i, j = i[near], j[near]
    return np.minimum(i, j), np.maximum(i, j)
