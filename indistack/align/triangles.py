"""Star triangles: shapes that survive shift, rotation and scale, matched between two fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from indistack.align.neighbours import ranges
from indistack.values.frame import DoubleArray

IntArray = npt.NDArray[np.intp]
ComplexArray = npt.NDArray[np.complex128]

LEAST_RATIO = 0.15
"""Thinner triangles say little."""


@dataclass(frozen=True, slots=True)
class Triangles:
    """Triangles of some stars; the corners ordered so that similar ones have theirs in the same order.

    Attributes
    ----------
    corners : array
        ``(n, 3)`` indices of the stars: opposite the longest, the middle and the shortest side.
    longest : array
        Length of the longest side (px).
    middle, shortest : array
        The other two sides, in units of the longest.
    turn : array
        Sense in which the corners run: +1 or -1; a mirrored triangle has the other one.
    """

    corners: IntArray
    longest: DoubleArray
    middle: DoubleArray
    shortest: DoubleArray
    turn: DoubleArray


@lru_cache(maxsize=64)
def _triples(count: int) -> IntArray:
    return np.array(list(combinations(range(count), 3)), dtype=np.intp).reshape(-1, 3)


def all_triangles(points: DoubleArray) -> Triangles:
    """Every triangle of ``(n, 2)`` points but thin ones."""
    return _describe(points, _triples(len(points)))


def local_triangles(points: DoubleArray, neighbours: int) -> Triangles:
    """Describe the triangles that each point makes with two of its nearest neighbours.

    Parameters
    ----------
    points : array
        ``(n, 2)`` float64, px.
    neighbours : int
        How many of the nearest ones.

    Returns
    -------
    Triangles
        Each once.
    """
    distance = np.hypot(points[:, None, 0] - points[:, 0], points[:, None, 1] - points[:, 1])
    near = np.argsort(distance, axis=1, kind="stable")[:, : neighbours + 1]
    pairs = np.array(list(combinations(range(1, near.shape[1]), 2)), dtype=np.intp).reshape(-1, 2)
    sets = np.concatenate([near[:, [0] * len(pairs), None], near[:, pairs]], axis=2).reshape(-1, 3)
    return _describe(points, np.unique(np.sort(sets, axis=1), axis=0))


def _describe(points: DoubleArray, sets: IntArray) -> Triangles:
    corner = points[sets]
    sides = np.stack([np.hypot(*(corner[:, (k + 1) % 3] - corner[:, (k + 2) % 3]).T) for k in range(3)], axis=1)
    order = np.argsort(-sides, axis=1, kind="stable")
    sides = np.take_along_axis(sides, order, axis=1)
    corners = np.take_along_axis(sets, order, axis=1)
    a, b, c = (points[corners[:, k]] for k in range(3))
    turn = np.sign((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    longest = np.maximum(sides[:, 0], 1e-9)
    good = (sides[:, 2] > LEAST_RATIO * longest) & (turn != 0)
    return Triangles(
        corners[good], longest[good], (sides[:, 1] / longest)[good], (sides[:, 2] / longest)[good], turn[good]
    )


def match_shapes(
    sub: Triangles, reference: Triangles, tolerance_px: float, max_scale_change: float
) -> tuple[IntArray, IntArray]:
    """Find pairs of similar triangles.

    Parameters
    ----------
    sub, reference : Triangles
        Of the two fields.
    tolerance_px : float
        Error allowed in the length of a side.
    max_scale_change : float
        How far the ratio of the sizes may lie from 1.

    Returns
    -------
    array, array
        Indices into `sub` and `reference`, sorted by both.
    """
    order = np.argsort(reference.middle, kind="stable")
    keys = reference.middle[order]
    reach = 2 * tolerance_px / sub.longest
    first = np.searchsorted(keys, sub.middle - reach, side="left")
    last = np.searchsorted(keys, sub.middle + reach, side="right")
    i, place = ranges(first, last)
    j = order[place]
    size = reference.longest[j] / sub.longest[i]
    good = (np.abs(reference.shortest[j] - sub.shortest[i]) <= reach[i]) & (reference.turn[j] == sub.turn[i])
    slack = max_scale_change + 2 * tolerance_px / sub.longest[i]
    good &= np.abs(size - 1) <= slack
    i, j = i[good], j[good]
    sort = np.lexsort((j, i))
    return i[sort], j[sort]


def similarities(
    sub: Triangles, sub_points: DoubleArray, reference: Triangles, reference_points: DoubleArray,
    pairs: tuple[IntArray, IntArray],
) -> tuple[ComplexArray, ComplexArray]:  # fmt: skip
    """Least-squares similarity ``w = factor z + shift`` of each pair of triangles, points being complex numbers.

    Parameters
    ----------
    sub, reference : Triangles
        Of the points of each.
    sub_points, reference_points : array
        ``(n, 2)`` float64, px.
    pairs : (array, array)
        ``(m,)`` intp each, which triangle of the sub and which of the reference.

    Returns
    -------
    factor, shift : array
        ``(m,)`` complex128 each, new.
    """
    z = _complex(sub_points)[sub.corners[pairs[0]]]
    w = _complex(reference_points)[reference.corners[pairs[1]]]
    z_mean, w_mean = z.mean(axis=1), w.mean(axis=1)
    dz, dw = z - z_mean[:, None], w - w_mean[:, None]
    factor: ComplexArray = (dz.conj() * dw).sum(axis=1) / (np.abs(dz) ** 2).sum(axis=1)
    return factor, w_mean - factor * z_mean


def _complex(points: DoubleArray) -> ComplexArray:
    result: ComplexArray = points[:, 0] + 1j * points[:, 1]
    return result
