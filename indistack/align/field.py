"""The stars of a scene as a matcher needs them: places, their errors, and which to try first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.frame import BoolArray, DoubleArray, Scene

IntArray = npt.NDArray[np.intp]
FWHM_PER_SIGMA = 2.3548200450309493
PATTERN_CELLS = 36
USEFUL_ERROR_PX = 0.1
ENOUGH_STARS = 100
"""Stars with a larger centroid error add noise to the fit and little else; they are used where there are few others."""
PIXEL_CENTRE_PX = 0.15
"""The centroid of a single hot pixel lies this near to the pixel's centre; of stars 9 % do."""


@dataclass(frozen=True, slots=True)
class Field:
    """Stars of one frame.

    Attributes
    ----------
    xy : array
        ``(n, 2)`` positions (px), brightest first.
    sigma : array
        ``(n,)`` centroid error that the sky's noise makes (px per axis).
    order : array
        Indices: unsaturated before saturated, bright before faint, every part of the frame in turn.
    centred : array
        ``(n,)`` True where the centroid lies on a pixel's centre, as a hot pixel's does.
    fwhm : array
        ``(n,)`` width (px).
    width, height : int
        Size of the frame.
    """

    xy: DoubleArray
    sigma: DoubleArray
    order: IntArray
    centred: BoolArray
    fwhm: DoubleArray
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.xy)

    def first(self, count: int) -> Field:
        """Return the stars to try first, in that order."""
        return self._take(self.order[:count], np.arange(min(count, len(self))))

    def without(self, index: IntArray) -> Field:
        """Return all stars but these."""
        kept = np.ones(len(self), bool)
        kept[index] = False
        renumbered = np.cumsum(kept) - 1
        return self._take(np.flatnonzero(kept), renumbered[self.order[kept[self.order]]])

    def _take(self, index: IntArray, order: IntArray) -> Field:
        return Field(
            self.xy[index], self.sigma[index], order, self.centred[index], self.fwhm[index], self.width, self.height
        )

    def corners(self) -> DoubleArray:
        """Centres of the four corner pixels, ``(4, 2)``."""
        right, bottom = self.width - 1.0, self.height - 1.0
        return np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])

    def holds(self, points: DoubleArray) -> BoolArray:
        """Tell which points lie in the frame."""
        beyond = np.array([self.width, self.height]) - 0.5
        return np.asarray(((points > -0.5) & (points < beyond)).all(axis=1))


def field_of(scene: Scene) -> Field:
    """Prepare a scene's stars; those that are too faint to help are left out."""
    stars = scene.stars.take(np.isfinite(scene.stars.x + scene.stars.y + scene.stars.flux))
    sigma = _centroid_error(stars.flux, stars.fwhm, stars.noise_adu)
    useful = sigma <= max(USEFUL_ERROR_PX, np.sort(sigma)[:ENOUGH_STARS].max(initial=0))
    stars, sigma = stars.take(useful), sigma[useful]
    xy = stars.xy
    part = _parts(xy, scene.width, scene.height)
    best_first = np.lexsort((-stars.flux, stars.saturated))
    order = best_first[np.argsort(_rank_in_part(part[best_first]), kind="stable")]
    centred: BoolArray = np.asarray((np.abs(xy - np.rint(xy)) < PIXEL_CENTRE_PX).all(axis=1))
    return Field(xy, sigma, order, centred, stars.fwhm, scene.width, scene.height)


def _centroid_error(flux: DoubleArray, fwhm: DoubleArray, noise_adu: float) -> DoubleArray:
    """Least error of a Gaussian's centre in white noise: sqrt(8 pi) s^2 noise / flux, s the standard deviation.

    From 1 / var(x) = sum((dI/dx)^2) / noise^2 = pi A^2 / (2 noise^2) with flux = 2 pi s^2 A.
    """
    width = np.where(np.isfinite(fwhm) & (fwhm > 0), fwhm, 3.0) / FWHM_PER_SIGMA
    noise = noise_adu if np.isfinite(noise_adu) and noise_adu > 0 else 0.0
    error = np.sqrt(8 * np.pi) * width**2 * noise / np.maximum(flux, 1e-30)
    clipped: DoubleArray = np.clip(error, 0.01, 1.0)
    return clipped


def _parts(xy: DoubleArray, width: int, height: int) -> IntArray:
    side = np.sqrt(max(width * height, 1) / PATTERN_CELLS)
    column, row = np.floor(xy / side).astype(np.intp).T
    part: IntArray = row * 1000 + column
    return part


def _rank_in_part(part: IntArray) -> IntArray:
    """The how-manieth of its part each star is."""
    order = np.argsort(part, kind="stable")
    ordered = part[order]
    rank = np.empty(len(part), np.intp)
    rank[order] = np.arange(len(part)) - np.searchsorted(ordered, ordered)
    return rank
