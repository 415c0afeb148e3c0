"""From a proposed transform to one that can be stood for: all stars matched, a robust fit, a test against chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indistack.align.chance import log10_tail
from indistack.align.field import StarField
from indistack.align.model_choice import fit
from indistack.align.models import RAYLEIGH_MEDIAN, Fitted, place_errors
from indistack.align.neighbours import Neighbours, one_to_one
from indistack.values.frame import DoubleArray
from indistack.values.transform import Transform

IntArray = npt.NDArray[np.intp]

REACH_PX = 32.0
"""Stars up to here tell how dense the field is around a match."""
FREE_STARS = 3
"""A similarity can be laid through two pairs, and the proposal rests on three."""
WIDEST_PX = 24.0
LEAST_RADIUS_PX = 1.0
CERTAIN_PX = 0.3
"""How well a star's place is known at least; that pairs are still nearer says no more."""
RADIUS_SIGMAS = 5.0
NARROWING = 3
"""Fits of a similarity, each to nearer pairs, before the model that was asked for."""
GROWING = 2
"""Fits of a richer model in which the pairs that it brings near are taken in."""


@dataclass(frozen=True, slots=True)
class GeometricMatch:
    """A verified transform.

    Attributes
    ----------
    transform : Transform
        Sub -> reference, with the number of matched stars, their rms and its own error.
    sub, reference : array
        Indices of the matched stars.
    log10_chance : float
        Decimal logarithm of the chance that unrelated fields agree so well, all proposals counted.
    log10_chance_as_near : float
        The same of fields whose stars lie as near to each other as the worst pair of these does.
    share : float
        Matched stars as a share of those that could be: the smaller number of the two in the common area.
    extent : float
        How far the matched stars reach from their middle (rms), in units of all that could be matched. A transform that
        is right at one place only matches the stars there.
    """

    transform: Transform
    sub: IntArray
    reference: IntArray
    log10_chance: float
    log10_chance_as_near: float
    share: float
    extent: float

    def __len__(self) -> int:
        return len(self.sub)

    @property
    def rms_px(self) -> float:
        """Root mean square distance of the matched stars."""
        return self.transform.rms_px

    @property
    def corner_px(self) -> float:
        """Standard deviation of the mapped place of the sub's worst corner; inf where it is not known."""
        return math.inf if self.transform.corner_error_px is None else self.transform.corner_error_px


@dataclass(frozen=True, slots=True)
class _Step:
    """A fit, the places in the sub that it was made from, and how far to look for pairs next (px)."""

    fitted: Fitted
    source: DoubleArray
    radius_px: float


class Verifier:
    """Verifies proposals between two fields.

    Parameters
    ----------
    sub, reference : StarField
        All stars, or some.
    """

    def __init__(self, sub: StarField, reference: StarField) -> None:
        self.sub = sub
        self.reference = reference
        self._near = Neighbours(reference.xy, REACH_PX)

    def verify(
        self, start: Transform, tried: int, radius_px: float, model: str = "similarity"
    ) -> GeometricMatch | None:
        """Match all stars under `start`, fit, match again more narrowly, until nothing changes.

        Parameters
        ----------
        start : Transform
            The proposal.
        tried : int
            Number of proposals it was picked from.
        radius_px : float
            How far the proposal may be off.
        model : str
            Of the last fit; see `fit`.

        Returns
        -------
        Match or None
            None when fewer than `FREE_STARS` stars are left.
        """
        transform, radius = start, radius_px
        for _ in range(NARROWING):
            step = self._step(transform, radius, "similarity")
            if step is None:
                return None
            transform, radius = step.fitted.transform, step.radius_px
        if model != "similarity":
            transform = self._grown(transform, radius, model)
        last = self._step(transform, radius, model)
        return None if last is None else self._assess(last, tried)

    def _grown(self, transform: Transform, radius: float, model: str) -> Transform:
        """The transform fitted again to the pairs that a richer model brings near, where one is called for."""
        for _ in range(GROWING):
            step = self._step(transform, radius, model)
            if step is None or step.fitted.model == "similarity":
                break
            transform = step.fitted.transform
        return transform

    def _step(self, transform: Transform, radius: float, model: str) -> _Step | None:
        i, j, _ = self._pairs(transform, radius)
        fitted = self._fit(i, j, model)
        if fitted is None:
            return None
        narrow = RADIUS_SIGMAS * float(np.median(fitted.residual)) / RAYLEIGH_MEDIAN
        narrow = float(np.clip(narrow, LEAST_RADIUS_PX, max(radius / 2, LEAST_RADIUS_PX)))
        return _Step(fitted, self.sub.xy[i], narrow)

    def _fit(self, i: IntArray, j: IntArray, model: str) -> Fitted | None:
        """Fit to pairs of stars; None where they are too few, or lie so that nothing follows."""
        if len(i) < FREE_STARS:
            return None
        fitted = fit(self.sub.xy[i], self.reference.xy[j], np.hypot(self.sub.sigma[i], self.reference.sigma[j]), model)
        matrix = fitted.transform.matrix
        return fitted if np.isfinite(matrix).all() and 0.3 < abs(np.linalg.det(matrix)) < 3 else None

    def _pairs(self, transform: Transform, radius: float) -> tuple[IntArray, IntArray, DoubleArray]:
        i, j, distance = self._near.within(transform.apply(self.sub.xy), radius)
        mutual = one_to_one(i, j)
        return i[mutual], j[mutual], distance[mutual]

    def _assess(self, step: _Step, tried: int) -> GeometricMatch | None:
        fitted, radius = step.fitted, step.radius_px
        i, j, distance = self._pairs(fitted.transform, radius)
        if len(i) < FREE_STARS:
            return None
        mapped = fitted.transform.apply(self.sub.xy)
        inside = self.reference.holds(mapped)
        n_sub = max(int(inside.sum()), len(i))
        n_reference = max(int(self.sub.holds(fitted.transform.back(self.reference.xy)).sum()), len(i))
        as_near_px = min(radius, max(float(distance.max()), CERTAIN_PX))
        chance, chance_as_near = (self._chance_of_one(mapped[inside], reach_px) for reach_px in (radius, as_near_px))
        extra, of = len(i) - FREE_STARS, n_sub - FREE_STARS
        log10_chance = log10_tail(extra, of, chance) + math.log10(tried)
        log10_as_near = log10_tail(extra, of, chance_as_near) + math.log10(tried)
        centre_px, *corners_px = place_errors(fitted, step.source, self.sub.landmarks()).tolist()
        transform = replace(
            fitted.transform,
            matched=len(i),
            rms_px=float(np.sqrt(np.mean(distance**2))),
            error_px=centre_px,
            corner_error_px=max(corners_px),
        )
        reach = _reach(self.sub.xy[i]) / max(_reach(self.sub.xy[inside]), 1e-9)
        share = len(i) / min(n_sub, n_reference)
        return GeometricMatch(transform, i, j, log10_chance, log10_as_near, share, reach)

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
