"""Several subs compared with each other, where there is no stack yet to compare them with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.stack.layers import how_many
from indistack.stack.rejection import StarChange, inverse_scatter, sample_step, typical_noise
from indistack.stack.sorting import middle, sorted_planes
from indistack.stack.spread import TINY, Spread, raised, spread
from indistack.system.workers import Scratch
from indistack.values.frame import BoolArray, FloatArray

LOCAL_PX = 31
"""Over such a box the typical difference of two subs is their noise: a trail fills less than half of it."""

LEVELS = 32
"""Steps of the typical difference in a tile, for a median of bytes."""

MIDDLE_NOISE = 1.9
"""Noise of the median of n values, in units of their median distance from it over sqrt(n)."""

LEAST_FREEDOM = 1e-6
"""Least variance of a distance from the mean, that of a value being 1: where one value is all of the mean, their
distance is but rounding."""

OutlierTest = Callable[[FloatArray, BoolArray], BoolArray]
"""``(z, covered)`` of one sub -> which of its pixels are outliers."""


@dataclass(frozen=True, slots=True)
class OpeningSubs:
    """Several subs to be compared, one colour or the mean of all.

    Attributes
    ----------
    values : array
        ``(n, h, w)`` float32, finite (ADU).
    weights : array
        ``(n, h, w)`` float32, 0 where a sub does not reach.
    covered : array
        ``(n, h, w)`` bool: where it does.
    stars : StarChange
        How much they may change.
    least_variance : float
        Values are not taken for more alike than that (ADU^2).
    scratch : Scratch
        Buffers of this thread.
    """

    values: FloatArray
    weights: FloatArray
    covered: BoolArray
    stars: StarChange
    least_variance: float
    scratch: Scratch

    def inverse_scatter(self, variance: FloatArray, picture: FloatArray, noise_adu: float) -> FloatArray:
        """Return one over the standard deviation that values may have, given their variance.

        Parameters
        ----------
        variance : array
            ``(h, w)`` float32, of a pixel's values (ADU^2); unchanged.
        picture : array
            ``(h, w)`` float32, the true values as far as known (ADU); unchanged.
        noise_adu : float
            Of the picture.

        Returns
        -------
        array
            ``(h, w)`` float32, per ADU; scratch.
        """
        return inverse_scatter(variance, picture, noise_adu, self.stars, self.least_variance, self.scratch)


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


def compare(subs: OpeningSubs, judge: OutlierTest, centre_share: float) -> Verdicts:
    """Find the outliers of several subs: by their median first, then by mean and variance of those that passed.

    Parameters
    ----------
    subs : OpeningSubs
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
    if len(z) == 1:
        z[:] = 0
        return Verdicts(np.zeros(z.shape, bool), z, subs.values[0])
    if len(z) == 2:
        centre: FloatArray = np.minimum(*subs.values)
        return Verdicts(_judged(_differences(subs, centre, z), subs, judge), z, centre)
    rough = _judged(_deviations(subs, centre_share, z), subs, judge)
    passed = np.multiply(subs.weights, ~rough, out=subs.scratch("passed", z.shape, np.float32))
    usual = spread(subs.values, passed, subs.scratch)
    return Verdicts(_judged(_residuals(subs, passed, usual, z), subs, judge), z, usual.mean)


def _judged(z: Iterable[FloatArray], subs: OpeningSubs, judge: OutlierTest) -> BoolArray:
    """Tell the outliers of one sub after the other, each as soon as its distances are there, in the cache."""
    out, passed = np.empty(subs.covered.shape, bool), np.zeros(subs.covered.shape[1:], bool)
    for distances, covered, outside in zip(z, subs.covered, out, strict=True):
        outside[:] = judge(distances, covered)
        passed |= covered > outside
    out &= passed  # where none would, all do
    return out


def _deviations(subs: OpeningSubs, centre_share: float, z: FloatArray) -> Iterator[FloatArray]:
    """Distances of each sub from the median, in units of the median distance."""
    complete = bool(subs.covered.all())
    count = len(z) if complete else np.maximum(how_many(subs.covered), 1)
    room = subs.scratch("sorted", (len(z) + 1, *z.shape[1:]), np.float32)
    values = subs.values if complete else np.where(subs.covered, subs.values, np.float32(np.inf))  # last in any order
    room[:-1] = values
    centre = _finite(middle(sorted_planes(room), count, centre_share))
    for value, distance in zip(values, room[:-1], strict=True):
        cv2.absdiff(value, centre, dst=distance)
    typical = _finite(middle(sorted_planes(room), count))
    typical *= typical
    noise_adu = MIDDLE_NOISE * typical_noise(typical, how_many(subs.covered).astype(np.float32))
    per_sigma = subs.inverse_scatter(typical, centre, noise_adu)
    for distance, value, covered in zip(z, subs.values, subs.covered, strict=True):
        np.subtract(value, centre, out=distance)
        distance *= per_sigma
        if not complete:
            distance *= covered
        yield distance


def _finite(plane: FloatArray) -> FloatArray:
    """Set to 0 what no sub reaches."""
    np.copyto(plane, np.float32(0), where=np.isinf(plane))
    return plane


def _residuals(subs: OpeningSubs, passed: FloatArray, usual: Spread, z: FloatArray) -> Iterator[FloatArray]:
    """Distances of each sub from the weighted mean of those that passed, in standard deviations.

    A value is closer to a mean that it is part of than to one that it is not: both are brought to equal terms.
    """
    complete = bool(subs.covered.all())
    per_sigma = subs.inverse_scatter(usual.variance, usual.mean, typical_noise(usual.variance, usual.total))
    per_weight = np.divide(1, raised(usual.total, TINY), out=usual.total)
    for number, (distance, value, inside) in enumerate(zip(z, subs.values, passed, strict=True)):
        cv2.addWeighted(subs.weights[number], 1.0, inside, -2.0, 0.0, dst=inside)
        inside *= per_weight
        inside += 1  # the variance of the distance, that of a value being 1: less where the value passed, else more
        cv2.pow(raised(inside, LEAST_FREEDOM), -0.5, dst=inside)
        np.subtract(value, usual.mean, out=distance)
        distance *= inside
        distance *= per_sigma
        if not complete:
            distance *= subs.covered[number]
        yield distance


def _differences(subs: OpeningSubs, darker: FloatArray, z: FloatArray) -> Iterator[FloatArray]:
    """How much one of two is brighter, in units of what is usual around, 0 where one is missing; and the opposite."""
    np.subtract(subs.values[0], subs.values[1], out=z[0])
    z[0] *= np.logical_and(*subs.covered)
    typical = _local_size(np.abs(z[0], out=z[1]))
    typical *= typical
    z[0] *= subs.inverse_scatter(typical, darker, 0.0)
    yield z[0]
    yield np.negative(z[0], out=z[1])


def _local_size(distance: FloatArray) -> FloatArray:
    """Median of the values around each pixel, which a line through them does not change."""
    step = sample_step(distance)
    typical = float(np.median(distance[::step, ::step]))
    if typical == 0:
        return np.zeros_like(distance)
    levels = np.clip(distance * (LEVELS / typical), 0, 255).astype(np.uint8)
    size: FloatArray = cv2.medianBlur(levels, LOCAL_PX) * np.float32(typical / LEVELS)
    return size
