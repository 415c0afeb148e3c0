"""From a proposed transform to one that can be stood for: all stars matched, a robust fit, a test against chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.align.chance import log10_tail
from indistack.align.field import Field
from indistack.align.models import RAYLEIGH_MEDIAN, apply, corner_error, robust_fit
from indistack.align.neighbours import Neighbours, one_to_one
from indistack.frame import DoubleArray

IntArray = npt.NDArray[np.intp]

REACH_PX = 32.0
"""Stars up to here tell how dense the field is around a match."""
FREE_STARS = 3
"""A similarity can be laid through two pairs, and the proposal rests on three."""
WIDEST_PX = 24.0
LEAST_RADIUS_PX = 1.0
RADIUS_SIGMAS = 5.0


@dataclass(frozen=True, slots=True)
class Match:
    """A verified transform.

    Attributes
    ----------
    matrix : array
        ``(3, 3)`` sub -> reference.
    sub, reference : array
        Indices of the matched stars.
    rms_px : float
        Root mean square distance of all matched stars.
    log10_chance : float
        Decimal logarithm of the chance that unrelated fields agree so well, all proposals counted.
    corner_px : float
        Standard deviation of the mapped place of the sub's worst corner.
    share : float
        Matched stars as a share of those that could be: the smaller number of the two in the common area.
    extent : float
        How far the matched stars reach from their middle (rms), in units of all that could be matched. A transform that
        is right at one place only matches the stars there.
    """

    matrix: DoubleArray
    sub: IntArray
    reference: IntArray
    rms_px: float
    log10_chance: float
    corner_px: float
    share: float
    extent: float

    def __len__(self) -> int:
        return len(self.sub)


class Verifier:
    """Verifies proposals between two fields.

    Parameters
    ----------
    sub, reference : Field
        All stars, or some.
    """

    def __init__(self, sub: Field, reference: Field) -> None:
        self.sub = sub
        self.reference = reference
        self._near = Neighbours(reference.xy, REACH_PX)

    def verify(self, matrix: DoubleArray, tried: int, radius_px: float, model: str = "similarity") -> Match | None:
        """Match all stars under `matrix`, fit, match again more narrowly, until nothing changes.

        Parameters
        ----------
        matrix : array
            The proposal.
        tried : int
            Number of proposals it was picked from.
        radius_px : float
            How far the proposal may be off.
        model : str
            Of the last fit.

        Returns
        -------
        Match or None
            None when fewer than `FREE_STARS` stars are left.
        """
        radius = radius_px
        for last in (False, False, False, True):
            fitted = self._fit(matrix, radius, model if last else "similarity")
            if fitted is None:
                return None
            matrix, median_px = fitted
            narrow = RADIUS_SIGMAS * median_px / RAYLEIGH_MEDIAN
            radius = float(np.clip(narrow, LEAST_RADIUS_PX, max(radius / 2, LEAST_RADIUS_PX)))
        return self._assess(matrix, radius, tried)

    def _fit(self, matrix: DoubleArray, radius: float, model: str) -> tuple[DoubleArray, float] | None:
        """Fit to the stars nearer than `radius`: the matrix, and the median residual."""
        i, j, _ = self._pairs(matrix, radius)
        if len(i) < FREE_STARS:
            return None
        sigma = np.hypot(self.sub.sigma[i], self.reference.sigma[j])
        chosen = model if len(i) >= 12 else "similarity"
        fitted = robust_fit(self.sub.xy[i], self.reference.xy[j], sigma, chosen)
        if not np.isfinite(fitted.matrix).all() or not 0.3 < abs(np.linalg.det(fitted.matrix)) < 3:
            return None
        return fitted.matrix, float(np.median(fitted.residual))

    def _pairs(self, matrix: DoubleArray, radius: float) -> tuple[IntArray, IntArray, DoubleArray]:
        i, j, distance = self._near.within(apply(matrix, self.sub.xy), radius)
        mutual = one_to_one(i, j)
        return i[mutual], j[mutual], distance[mutual]

    def _assess(self, matrix: DoubleArray, radius: float, tried: int) -> Match | None:
        i, j, distance = self._pairs(matrix, radius)
        if len(i) < FREE_STARS:
            return None
        mapped = apply(matrix, self.sub.xy)
        inside = self.reference.holds(mapped)
        n_sub = max(int(inside.sum()), len(i))
        n_reference = max(
            int(self.sub.holds(apply(np.asarray(np.linalg.inv(matrix), np.float64), self.reference.xy)).sum()), len(i)
        )
        chance = self._chance_of_one(mapped[inside], radius)
        log10_chance = log10_tail(len(i) - FREE_STARS, n_sub - FREE_STARS, chance) + math.log10(tried)
        sigma = np.hypot(self.sub.sigma[i], self.reference.sigma[j])
        fitted = robust_fit(self.sub.xy[i], self.reference.xy[j], sigma, "similarity")
        return Match(
            matrix, i, j, float(np.sqrt(np.mean(distance**2))), log10_chance,
            corner_error(fitted, self.sub.xy[i], self.sub.width, self.sub.height), len(i) / min(n_sub, n_reference),
            _reach(self.sub.xy[i]) / max(_reach(self.sub.xy[inside]), 1e-9),
        )  # fmt: skip

    def _chance_of_one(self, mapped: DoubleArray, radius: float) -> float:
        """Chance that a star without a partner meets one within `radius`: from the density around, or overall."""
        overall = len(self.reference) * math.pi * radius**2 / (self.reference.width * self.reference.height)
        _, _, distance = self._near.within(mapped, REACH_PX)
        around = int((distance > radius).sum()) / max(len(mapped), 1)
        local = around * radius**2 / (REACH_PX**2 - radius**2)
        return min(max(overall, local), 0.99)


def _reach(points: DoubleArray) -> float:
    """Root mean square distance of points from their middle."""
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())) if len(points) else 0.0
