"""Which stars lie near which points: a grid of cells, searched for all points at once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from indistack.values.frame import DoubleArray

IntArray = npt.NDArray[np.intp]

CELLS_PER_POINT = 8
"""More would be empty, and cost memory: 60 MB where a reach of 3 px divides 24 MP."""


def ranges(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Write out the ranges ``first[k] .. last[k] - 1``; see the returned arrays.

    Parameters
    ----------
    first, last : array
        ``(n,)`` intp; a range whose end is not beyond its start is empty.

    Returns
    -------
    owner : array
        ``(m,)`` intp, of each member the index k of its range.
    member : array
        ``(m,)`` intp, the member itself.
    """
    count = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(first)), count)
    member = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    return owner, member


class Neighbours:
    """Points sorted into square cells.

    Parameters
    ----------
    points : array
        ``(n, 2)``, finite.
    reach : float
        Largest distance that can be asked for: the least side of a cell.
    """

    def __init__(self, points: DoubleArray, reach: float) -> None:
        self._points = points
        self._origin = points.min(axis=0) - reach if len(points) else np.zeros(2)
        extent = points.max(axis=0) - self._origin + reach if len(points) else np.ones(2)
        self._side = max(reach, math.sqrt(extent.prod() / (CELLS_PER_POINT * max(len(points), 1))))
        self._columns, self._rows = (int(side) + 1 for side in extent // self._side)
        cell = self._cell(points)
        self._order = np.argsort(cell, kind="stable")
        counts = np.bincount(cell, minlength=self._columns * self._rows)
        self._start = np.concatenate([[0], np.cumsum(counts)])

    def within(self, points: DoubleArray, radius: float) -> tuple[IntArray, IntArray, DoubleArray]:
        """Find all pairs nearer than `radius`.

        Parameters
        ----------
        points : array
            ``(n, 2)`` float64, px; what is not finite has no pair.
        radius : float
            px, at most the side of a cell.

        Returns
        -------
        index, neighbour : array
            ``(m,)`` intp each: which of `points`, and which of the stored points.
        distance : array
            ``(m,)`` float64, px, rising.
        """
        place = (points - self._origin) // self._side
        inside = (place >= 0).all(axis=1) & (place[:, 0] < self._columns) & (place[:, 1] < self._rows)
        known = np.flatnonzero(inside)
        column, row = place[known].astype(np.intp).T
        owners, members = [], []
        for step in (-1, 0, 1):
            real = (row + step >= 0) & (row + step < self._rows)
            base = (row[real] + step) * self._columns
            first = self._start[base + np.maximum(column[real] - 1, 0)]
            last = self._start[base + np.minimum(column[real] + 1, self._columns - 1) + 1]
            owner, member = ranges(first, last)
            owners.append(known[real][owner])
            members.append(self._order[member])
        index, neighbour = np.concatenate(owners), np.concatenate(members)
        distance = np.hypot(*(points[index] - self._points[neighbour]).T)
        near = np.flatnonzero(distance < radius)
        near = near[np.lexsort((neighbour[near], index[near], distance[near]))]
        return index[near], neighbour[near], distance[near]

    def _cell(self, points: DoubleArray) -> IntArray:
        column, row = ((points - self._origin) // self._side).astype(np.intp).T
        cell: IntArray = row * self._columns + column
        return cell


def one_to_one(index: IntArray, neighbour: IntArray) -> IntArray:
    """Pick those pairs in which each is the other's nearest.

    Parameters
    ----------
    index, neighbour : array
        ``(n,)`` intp each, the pairs, sorted by distance.

    Returns
    -------
    array
        ``(m,)`` intp, positions in the pairs, rising, new.
    """
    first = np.zeros(len(index), bool)
    first[np.unique(index, return_index=True)[1]] = True
    mutual = np.zeros(len(index), bool)
    mutual[np.unique(neighbour, return_index=True)[1]] = True
    picked: IntArray = np.flatnonzero(first & mutual)
    return picked
