"""Several subs compared with each other, where there is no stack yet to compare them with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.frame import BoolArray, FloatArray
from indistack.stack.rejection import UNSTEADY, usual_scatter
from indistack.stack.sorting import middle, sorted_planes
from indistack.workers import Scratch

LOCAL_PX = 31
"""Over such a box the typical difference of two subs is their noise: a trail fills less than half of it."""

LEVELS = 32
"""Steps of the typical difference in a tile, for a median of bytes."""

UNSTEADY_DARKER = 0.5
"""As `UNSTEADY`, when the darker of two subs is taken for the picture."""

TINY = np.float32(1e-30)
"""Added to a weight of 0 by which is divided."""

Judge = Callable[[FloatArray, BoolArray], BoolArray]
"""``(z, covered)`` of one sub -> which of its pixels are outliers."""


@dataclass(frozen=True, slots=True)
class Subs:
    """Several subs to be compared, one colour or the mean of all.

    Attributes
    ----------
    values : array
        ``(n, h, w)`` float32, finite (ADU).
    weights : array
        ``(n, h, w)`` float32, 0 where a sub does not reach.
    least_variance : float
        Values are not taken for more alike than that (ADU^2).
    scratch : Scratch
        Buffers of this thread.
    """

    values: FloatArray
    weights: FloatArray
    least_variance: float
    scratch: Scratch

    def plane(self, name: str) -> FloatArray:
        """Return a buffer, ``(h, w)``."""
        buffer: FloatArray = self.scratch(name, self.values.shape[1:], np.float32)
        return buffer

    def scatter(self, variance: FloatArray, picture: FloatArray, unsteady: float) -> FloatArray:
        """Return the standard deviation that values may have, given their variance."""
        return usual_scatter(variance, picture, unsteady, self.least_variance, self.scratch)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How several subs compare.

    Attributes
    ----------
    out : array
        ``(n, h, w)`` bool: outliers; a pixel that would have none but outliers has none.
    z : array
        ``(n, h, w)`` float32: distance from the true value, in standard deviations; 0 where a sub does not reach.
    centre : array
        ``(h, w)`` float32: what is taken for the true value (ADU).
    """

    out: BoolArray
    z: FloatArray
    centre: FloatArray


def compare(subs: Subs, judge: Judge, centre_share: float) -> Verdicts:
    """Find the outliers of several subs: by their median first, then by mean and variance of those that passed.

    Parameters
    ----------
    subs : Subs
        All of them; of two that differ, the brighter is the outlier.
    judge : callable
        Tells the outliers of one sub.
    centre_share : float
        Which quantile of a pixel's values is taken for the true one at first; 0.5 is the median.

    Returns
    -------
    Verdicts
        Valid until the next call.
    """
    z = subs.scratch("z", subs.values.shape, np.float32)
    covered = subs.weights > 0
    if len(z) == 1:
        z[:] = 0
        return Verdicts(np.zeros(z.shape, bool), z, subs.values[0])
    if len(z) == 2:
        centre = _differences(subs, covered[0] & covered[1], z)
    else:
        _deviations(subs, covered, centre_share, z)
        centre = _residuals(subs, covered, _judged(z, covered, judge), z)
    return Verdicts(_judged(z, covered, judge), z, centre)


def _judged(z: FloatArray, covered: BoolArray, judge: Judge) -> BoolArray:
    out = np.empty(z.shape, bool)
    for number in range(len(z)):
        out[number] = judge(z[number], covered[number])
    out[:, (out == covered).all(axis=0)] = False
    return out


def _deviations(subs: Subs, covered: BoolArray, centre_share: float, z: FloatArray) -> None:
    """Z becomes the distance from the median, in units of the median distance."""
    complete = bool(covered.all())
    count = len(z) if complete else np.maximum(covered.sum(axis=0), 1)
    room = subs.scratch("sorted", (len(z) + 1, *z.shape[1:]), np.float32)
    np.copyto(z, subs.values)
    if not complete:
        z[~covered] = np.inf  # the last in any order
    centre = _finite(middle(sorted_planes(z, room), count, centre_share))
    z -= centre
    distance = np.abs(z, out=subs.scratch("distance", z.shape, np.float32))
    typical = _finite(middle(sorted_planes(distance, room), count))
    typical *= typical
    z /= subs.scatter(typical, centre, UNSTEADY)
    if not complete:
        z[~covered] = 0


def _finite(plane: FloatArray) -> FloatArray:
    """Set to 0 what no sub reaches."""
    plane[np.isinf(plane)] = 0
    return plane


def _residuals(subs: Subs, covered: BoolArray, out: BoolArray, z: FloatArray) -> FloatArray:
    """Z becomes the distance from the weighted mean of what is not out, in standard deviations; return the mean.

    A value is closer to a mean that it is part of than to one that it is not: both are brought to equal terms.
    """
    room, total, mean, square, count = (subs.plane(name) for name in ("room", "total", "mean", "square", "count"))
    passed = np.multiply(subs.weights, ~out, out=subs.scratch("passed", z.shape, np.float32))
    total[:], mean[:], square[:], count[:] = TINY, 0, 0, -1
    for value, inside in zip(subs.values, passed, strict=True):
        total += inside
        count += inside > 0
        mean += np.multiply(inside, value, out=room)
    mean /= total
    for distance, value, weight, inside in zip(z, subs.values, subs.weights, passed, strict=True):
        np.subtract(value, mean, out=distance)
        np.multiply(distance, distance, out=room)
        room *= inside
        square += room
        inside *= -2
        inside += weight
        inside /= total
        inside += 1  # the variance of the distance, that of a value being 1: less where the value passed, else more
        distance /= np.sqrt(np.maximum(inside, TINY, out=inside), out=inside)
    z *= covered
    square /= np.maximum(count, 1, out=count)
    z /= subs.scatter(square, mean, UNSTEADY)
    return mean


def _differences(subs: Subs, both: BoolArray, z: FloatArray) -> FloatArray:
    """Z becomes how much one of two is brighter, in units of what is usual around; return the darker.

    Z is 0 where one is missing.
    """
    darker: FloatArray = np.minimum(*subs.values)
    difference = np.where(both, subs.values[0] - subs.values[1], np.float32(0))
    typical = _local_size(np.abs(difference))
    np.divide(difference, subs.scatter(typical * typical, darker, UNSTEADY_DARKER), out=z[0])
    np.negative(z[0], out=z[1])
    return darker


def _local_size(distance: FloatArray) -> FloatArray:
    """Median of the values around each pixel, which a line through them does not change."""
    typical = float(np.median(distance))
    if typical == 0:
        return np.zeros_like(distance)
    levels = np.clip(distance * (LEVELS / typical), 0, 255).astype(np.uint8)
    size: FloatArray = cv2.medianBlur(levels, LOCAL_PX) * np.float32(typical / LEVELS)
    return size
