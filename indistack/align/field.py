"""The stars of a scene as a matcher needs them: places, their errors, and which to try first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import FWHM_PER_SIGMA
from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.star_list import Scene, StarList

IntArray = npt.NDArray[np.intp]
PATTERN_CELLS = 36
USEFUL_ERROR_PX = 0.1
ENOUGH_STARS = 100
"""Stars with a larger centroid error add noise to the fit and little else; they are used where there are few others."""
POINT_LIKE = 0.75
"""Narrower than this, in units of the width of what lies between pixel centres, is no star."""
LEAST_BETWEEN = 6
"""So many points between pixel centres tell how wide a star is."""
PIXEL_CENTRE_PX = 0.15
"""The centroid of a single hot pixel lies this near to the pixel's centre, or within a few of its own errors; of
well-measured stars 9 % do."""
SURE_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class StarField:
    """Stars of one frame.

    Attributes
    ----------
    xy : array
        ``(n, 2)`` positions (px), brightest first.
    sigma : array
        ``(n,)`` centroid error that the sky's noise makes (px per axis).
    order : array
        Indices: unsaturated before saturated, bright before faint, every part of the frame in turn.
    between : array
        ``(n,)`` True where the centroid surely lies off a pixel's centre, as a hot pixel's does not.
    fwhm : array
        ``(n,)`` width (px).
    width, height : int
        Size of the frame.
    """

    xy: DoubleArray
    sigma: DoubleArray
    order: IntArray
    between: BoolArray
    fwhm: DoubleArray
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.xy)

    def first(self, count: int) -> StarField:
        """Return the stars to try first, in that order."""
        return self._take(self.order[:count], np.arange(min(count, len(self))))

    def without(self, index: IntArray) -> StarField:
        """Return all stars but these.

        Parameters
        ----------
        index : array
            ``(n,)`` intp, which ones.
        """
        kept = np.ones(len(self), bool)
        kept[index] = False
        renumbered = np.cumsum(kept) - 1
        return self._take(np.flatnonzero(kept), renumbered[self.order[kept[self.order]]])

    def mirrored(self) -> StarField:
        """Return the stars as they lie in the frame turned over, x -> width - 1 - x."""
        return replace(self, xy=np.column_stack([self.width - 1 - self.xy[:, 0], self.xy[:, 1]]))

    def _take(self, index: IntArray, order: IntArray) -> StarField:
        return StarField(
            self.xy[index], self.sigma[index], order, self.between[index], self.fwhm[index], self.width, self.height
        )

    def corners(self) -> DoubleArray:
        """Centres of the four corner pixels, ``(4, 2)``."""
        right, bottom = self.width - 1.0, self.height - 1.0
        return np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])

    def landmarks(self) -> DoubleArray:
        """The frame's centre and its four corners, ``(5, 2)``."""
        return np.concatenate([[[(self.width - 1) / 2, (self.height - 1) / 2]], self.corners()])

    def holds(self, points: DoubleArray) -> BoolArray:
        """Tell which points lie in the frame.

        Parameters
        ----------
        points : array
            ``(n, 2)`` float64, px; NaN lies nowhere.

        Returns
        -------
        array
            ``(n,)`` bool, new.
        """
        beyond = np.array([self.width, self.height]) - 0.5
        return np.asarray(((points > -0.5) & (points < beyond)).all(axis=1))


def field_of(scene: Scene) -> StarField:
    """Prepare a scene's stars.

    Left out where there are others enough: those that are too faint to help, and the saturated, whose centroids are
    poor. Left out in any case: what is narrow and lies on a pixel's centre, where stars are wider.

    Parameters
    ----------
    scene : Scene
        Its stars, of which those whose place or flux is not finite are left out.

    Returns
    -------
    StarField
        In the frame's px; may be empty.
    """
    stars = scene.stars.take(np.isfinite(scene.stars.x + scene.stars.y + scene.stars.flux))
    stars = stars.take(~_single_pixels(stars))
    sigma = centroid_error_px(stars.flux, stars.fwhm, stars.noise_adu)
    useful = sigma <= max(USEFUL_ERROR_PX, np.sort(sigma)[:ENOUGH_STARS].max(initial=0))
    if (useful & ~stars.saturated).sum() >= ENOUGH_STARS:
        useful &= ~stars.saturated
    stars, sigma = stars.take(useful), sigma[useful]
    part = _parts(stars.xy, scene.width, scene.height)
    best_first = np.lexsort((-stars.flux, stars.saturated))
    order = best_first[np.argsort(_rank_in_part(part[best_first]), kind="stable")]
    between = _off_centre_px(stars) > np.maximum(PIXEL_CENTRE_PX, SURE_SIGMAS * sigma)
    return StarField(stars.xy, sigma, order, between, stars.fwhm, scene.width, scene.height)


def _off_centre_px(stars: StarList) -> DoubleArray:
    """How far each star lies from the centre of its pixel, in the axis in which it is farther."""
    off: DoubleArray = np.abs(stars.xy - np.rint(stars.xy)).max(axis=1, initial=0.0)
    return off


def _single_pixels(stars: StarList) -> BoolArray:
    """Tell which points are single pixels by their place and width."""
    centred = _off_centre_px(stars) < PIXEL_CENTRE_PX
    if len(stars) - centred.sum() < LEAST_BETWEEN:
        return np.zeros(len(stars), bool)
    narrow: BoolArray = stars.fwhm < POINT_LIKE * np.median(stars.fwhm[~centred])
    return centred & narrow


def centroid_error_px(flux: DoubleArray, fwhm: DoubleArray, noise_adu: float) -> DoubleArray:
    """Least error of a Gaussian's centre in white noise: sqrt(8 pi) s^2 noise / flux, s the standard deviation.

    From 1 / var(x) = sum((dI/dx)^2) / noise^2 = pi A^2 / (2 noise^2) with flux = 2 pi s^2 A.

    Parameters
    ----------
    flux : array
        ``(n,)`` float64, ADU.
    fwhm : array
        ``(n,)`` float64, px; 3 px is taken where it is not finite or not above 0.
    noise_adu : float
        Of the sky, per pixel.

    Returns
    -------
    array
        ``(n,)`` float64, px an axis, 0.01 to 1, new.
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
