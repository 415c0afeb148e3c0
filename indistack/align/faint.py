"""Faint fields: subs that show too few stars one by one are tried together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

import cv2
import numpy as np

from indistack.align.hot_pixels import filled, lone_pixels, without_hot_pixels
from indistack.align.shift_add import (
    FILTER_PX,
    added,
    filtered,
    filtered_sum,
    flattened,
    lasting,
    mean_stamp,
    places_in,
    stars_in,
)
from indistack.align.star_drift import find_shifts
from indistack.errors import FrameError
from indistack.numerics.statistics import FWHM_PER_SIGMA, sigma_of_deviations
from indistack.values.frame import DoubleArray, FloatArray, FrameInfo
from indistack.values.star_list import Scene, StarList

STILL_PX = 1.0
"""Stars that moved less than this over all subs (binned px) stood still on the sensor."""
LEAST_SPREAD = 0.75
"""Light of the eight pixels around the mean of the points that stood still, in units of its own: 1.06 for stars with a
FWHM of 1.8 px, 0.8 with 1.5 px, binned by two; 0 for hot pixels."""
WARM_SIGMA, SHARP = 6.0, 0.3
"""A single pixel that stands out so far from the mean of all subs, with so much of its light around it, is no star."""
AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32)
LOOKED_AT = 50
"""Of the brightest points."""
NARROWEST_PX = 0.4
"""Sigma of the sharpest star (binned px)."""


@dataclass(frozen=True, slots=True)
class FaintSub:
    """A sub that waits.

    Attributes
    ----------
    plane : array
        Its binned luminance without background, bands and hot pixels, float32.
    time : datetime or None
        When it was taken.
    """

    plane: FloatArray
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is remembered of faint subs.

    Attributes
    ----------
    subs : tuple of FaintSub
        The last few, the oldest first.
    setup : str
        What they have in common.
    drift : array or None
        How far the stars moved from the oldest to the newest, x and y (binned px), where that was found before.
    """

    subs: tuple[FaintSub, ...] = ()
    setup: str = ""
    drift: DoubleArray | None = None


class FaintSubs:
    """The last few subs with too few stars, added up along every way that the stars may have taken.

    A steady drift is looked for; each sub may lie off it by a pixel or two. A jump between two subs, as dithering makes
    it, is not found.

    Parameters
    ----------
    count : int
        How many subs are tried together, at least 2.

    Attributes
    ----------
    waiting : Waiting
        All that is remembered; may be set.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.waiting = Waiting()

    def forget(self) -> None:
        """Begin anew: a sub came that shows stars enough."""
        self.waiting = Waiting()

    def take(self, scene: Scene, info: FrameInfo) -> Scene:
        """Return a sub with the stars that it shows together with those before it.

        Parameters
        ----------
        scene : Scene
            The sub, with its luminance.
        info : FrameInfo
            Subs of different exposures or filters are not tried together.

        Returns
        -------
        Scene
            The stars lie where the newest sub has them; each has the mean width, and a flux from its height. Sky and
            noise are the sub's own.

        Raises
        ------
        FrameError
            ``too_few_stars``: it waits for the next ones, or even together they show no more. ``fixed_pattern``: what
            shows together stands still on the sensor and is as sharp as a pixel.
        """
        setup = f"{scene.width} {scene.height} {info.exposure_s} {info.filter_name} {info.gain_setting}"
        before = self.waiting if setup == self.waiting.setup else Waiting(setup=setup)
        new = FaintSub(flattened(without_hot_pixels(scene)), info.date_obs)
        self.waiting = replace(before, subs=(*before.subs, new)[-self._count :])
        number = len(self.waiting.subs)
        if number < self._count:
            detail = f"{len(scene.stars)} stars; it waits to be tried together: {number} of {self._count}"
            raise FrameError("too_few_stars", detail, {"stars": len(scene.stars)})
        return replace(scene, stars=self._together(scene.stars))

    def _together(self, own: StarList) -> StarList:
        subs = self.waiting.subs
        planes = _without_fixed_pixels([sub.plane for sub in subs])
        clean = [filtered(plane) for plane in planes]
        shifts, count = find_shifts(clean, _times([sub.time for sub in subs]), self.waiting.drift)
        if count <= len(own):
            detail = f"{len(own)} stars, and {count} in {len(planes)} subs together"
            raise FrameError("too_few_stars", detail, {"stars": len(own), "stars_together": count})
        total = filtered_sum(clean, shifts)
        still = float(np.hypot(*shifts.T).max()) < STILL_PX
        if still and (spread := _spread(added(planes, shifts), total)) < LEAST_SPREAD:
            detail = f"{count} points that stand still on the sensor, each as sharp as a pixel"
            raise FrameError("fixed_pattern", detail, {"stars": count, "spread": spread})
        self.waiting = replace(self.waiting, drift=shifts[0])
        places = places_in(total)[lasting(clean, shifts, *stars_in(total))]
        return _star_list(places, _sigma_px(total), len(planes), own)


def _times(taken: list[datetime | None]) -> DoubleArray:
    """When each was taken, from 1, the oldest, to 0, the newest; evenly where a header does not tell."""
    known = [time.timestamp() for time in taken if time is not None]
    seconds = np.array(known if len(known) == len(taken) else range(len(taken)), np.float64)
    passed = seconds[-1] - seconds
    if (np.diff(passed) >= 0).any():
        passed = np.arange(len(taken))[::-1].astype(np.float64)
    times: DoubleArray = passed / passed[0]
    return times


def _without_fixed_pixels(planes: list[FloatArray]) -> list[FloatArray]:
    """The planes without the sharp points that only their mean shows: warm pixels."""
    mean: FloatArray = np.asarray(np.mean(planes, axis=0), np.float32)
    around = cv2.filter2D(mean, -1, AROUND)
    noise = sigma_of_deviations(mean)
    sharp = (mean > WARM_SIGMA * noise) & (around < SHARP * mean)
    sharp[lone_pixels(mean)] = True
    y, x = np.nonzero(sharp)
    return [filled(plane, (y, x)) for plane in planes]


def _spread(plane: FloatArray, total: FloatArray) -> float:
    """Light around the mean point in units of its own."""
    y, x = (index[:LOOKED_AT] for index in stars_in(total))
    stamp = mean_stamp(plane, y, x)
    middle = stamp.shape[0] // 2
    core = stamp[middle - 1 : middle + 2, middle - 1 : middle + 2] - float(np.median(stamp))
    peak = float(core[1, 1])
    return (float(core.sum()) - peak) / peak if peak > 0 else 0.0


def _sigma_px(total: FloatArray) -> float:
    """Width of the stars as a Gaussian's sigma (binned px), from the mean star behind the filter."""
    y, x = (index[:LOOKED_AT] for index in stars_in(total))
    stamp = mean_stamp(total, y, x)
    middle = stamp.shape[0] // 2
    beside = float(np.mean([stamp[middle, middle - 1 : middle + 2 : 2], stamp[middle - 1 : middle + 2 : 2, middle]]))
    fall = math.log(max(float(stamp[middle, middle]) / max(beside, 1e-3), 1.01))
    return math.sqrt(max(1 / (2 * fall) - FILTER_PX**2, NARROWEST_PX**2))


def _star_list(places: DoubleArray, sigma_px: float, subs: int, own: StarList) -> StarList:
    """The stars in the px and ADU of the frame, whose sky noise is known.

    A Gaussian of flux F (frame) has the height ``F / (8 pi (s^2 + f^2))`` in a plane binned by means of four and
    filtered with f, and sky noise n (frame) is ``n / (4 sqrt(pi) f)`` there; the mean of N subs has 1/N of its square.
    """
    x, y, height = places.T
    noise = own.noise_adu / (4 * math.sqrt(math.pi * subs) * FILTER_PX)
    flux = height * noise * 8 * math.pi * (sigma_px**2 + FILTER_PX**2)
    fwhm = np.full(len(x), 2 * FWHM_PER_SIGMA * sigma_px)
    none = np.zeros(len(x))
    return StarList(
        2 * x + 0.5, 2 * y + 0.5, flux, fwhm, fwhm / 2, none, none, none > 0, own.background_adu, own.noise_adu,
    )  # fmt: skip
