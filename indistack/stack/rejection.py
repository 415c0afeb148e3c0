"""Which pixels of a sub do not belong to the stack, given how far they lie from it in standard deviations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.stack.spread import raised
from indistack.system.workers import Scratch
from indistack.values.frame import BoolArray, FloatArray

BOX_PX = 5
BOX, MEAN = np.ones((BOX_PX, BOX_PX), np.uint8), np.full(BOX_PX, 1 / BOX_PX, np.float32)
"""Means over such a box show what is too faint for single pixels; where they stick out, all around goes: a trail's
wings, an aircraft's glow."""

BOX_EXTRA_SIGMA = 1.0
"""By so much further must they stick out: the noise of neighbours is alike, and costs a whole box when it is taken
for a trail."""

SAMPLES, LEAST_SAMPLES = 2000, 50
"""Pixels of a tile that tell the sub's own noise, to 3 %; with fewer than the least, nothing is rejected."""

LEAST_SPREAD = 0.5
"""A sub's noise is not taken for less than that share of the stack's, however quiet a tile looks: a black sky that is
clipped at 0 has none."""

QUANTILES = (0.16, 0.5, 0.84)
"""Mean and standard deviations of a normal distribution, whatever lies in its tails."""


@dataclass(frozen=True, slots=True)
class StarChange:
    """How much stars are let change from sub to sub: with the seeing, and with where they lie on the pixels.

    Attributes
    ----------
    share : float
        Of what the picture changes within 2 px: so much is a standard deviation.
    noise_range : float
        What the picture changes within 2 px counts beyond so many standard deviations of its noise.
    """

    share: float
    noise_range: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a pixel may lie below and above, in standard deviations."""

    low: float
    high: float

    def variance_within(self) -> float:
        """Return the variance of a normal distribution that is cut at the limits, the whole one's being 1."""
        density = [math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) for x in (self.low, self.high)]
        inside = (math.erf(self.low / math.sqrt(2)) + math.erf(self.high / math.sqrt(2))) / 2
        mean = (density[0] - density[1]) / inside
        return 1 - (self.low * density[0] + self.high * density[1]) / inside - mean**2


def outliers(z: FloatArray, covered: BoolArray, limits: Limits, scratch: Scratch) -> BoolArray:
    """Tell which pixels of a tile of a sub are rejected: those beyond the limits, and those around faint structures.

    Parameters
    ----------
    z : array
        ``(h, w)`` float32: (sub - stack) / standard deviation; finite, 0 where the sub does not reach.
    covered : array
        ``(h, w)`` bool: where it reaches.
    limits : Limits
        For single pixels.
    scratch : Scratch
        Buffers of this thread.

    Returns
    -------
    array
        ``(h, w)`` bool, True only within `covered`.
    """
    boxes = box_mean(z, scratch("boxes", z.shape, np.float32))
    wider = Limits(limits.low + BOX_EXTRA_SIGMA, limits.high + BOX_EXTRA_SIGMA)
    out = _beyond(boxes, *bounds(boxes, covered, wider, LEAST_SPREAD / BOX_PX))
    cv2.dilate(out.view(np.uint8), BOX, dst=out.view(np.uint8))
    out |= _beyond(z, *bounds(z, covered, limits))
    out &= covered
    return out


def single_outliers(z: FloatArray, covered: BoolArray, limits: Limits) -> BoolArray:
    """Tell which single pixels lie beyond the limits; see `outliers`.

    Parameters
    ----------
    z : array
        ``(h, w)`` float32, distance from the stack in units of its spread; unchanged.
    covered : array
        ``(h, w)`` bool, where the sub reaches; unchanged.
    limits : Limits
        How far a value may be.

    Returns
    -------
    array
        ``(h, w)`` bool, new.
    """
    return _beyond(z, *bounds(z, covered, limits)) & covered


def _beyond(values: FloatArray, low: float, high: float) -> BoolArray:
    outside: BoolArray = (values < low) | (values > high)
    return outside


def bounds(
    values: FloatArray, covered: BoolArray, limits: Limits, least_spread: float = LEAST_SPREAD
) -> tuple[float, float]:
    """Return the least and the greatest value that belong to the covered ones, by their own median and spread.

    A sub that is noisier than the stack, or whose sky is not quite the stack's, loses no more pixels for that.

    Parameters
    ----------
    values : array
        ``(h, w)`` float32, of any unit; unchanged.
    covered : array
        ``(h, w)`` bool, where the sub reaches; unchanged.
    limits : Limits
        How far a value may be, in spreads.
    least_spread : float
        The spread is never taken for less.

    Returns
    -------
    low, high : float
        Infinite where too few pixels are covered.
    """
    step = sample_step(values)
    sample = values[::step, ::step][covered[::step, ::step]]
    if len(sample) < LEAST_SAMPLES:
        return -math.inf, math.inf
    sample.sort()  # a third of the time of a partition, which has to branch
    low, median, high = (float(sample[round(quantile * (len(sample) - 1))]) for quantile in QUANTILES)
    sigma = max((high - low) / 2, least_spread)
    return median - limits.low * sigma, median + limits.high * sigma


def sample_step(tile: FloatArray) -> int:
    """Every so many-th pixel, both ways, tells what is usual in a tile: an odd number, to meet all colours of a CFA.

    Parameters
    ----------
    tile : array
        Only its size counts.
    """
    return max(1, math.isqrt(tile.size // SAMPLES)) | 1


def box_mean(plane: FloatArray, out: FloatArray) -> FloatArray:
    """Return the mean over the box around each pixel, ``(h, w)``, in `out`."""
    return np.asarray(cv2.sepFilter2D(plane, -1, MEAN, MEAN, dst=out))  # cv2.blur sums in float64


def inverse_scatter(
    variance: FloatArray,
    picture: FloatArray,
    noise_adu: float,
    stars: StarChange,
    least_variance: float,
    scratch: Scratch,
) -> FloatArray:
    """Return one over the standard deviation that a pixel's values may have.

    Parameters
    ----------
    variance : array
        ``(h, w)`` float32, of a pixel's values (ADU^2): where it is less than the mean of those around, that is taken,
        for the variance of few values is uncertain.
    picture : array
        ``(h, w)`` float32, the true values as far as known (ADU).
    noise_adu : float
        Of the picture.
    stars : StarChange
        How much they may change.
    least_variance : float
        Added (ADU^2).
    scratch : Scratch
        Buffers of this thread.

    Returns
    -------
    array
        ``(h, w)`` float32 per ADU, valid until the next call; infinite where all of this is 0.
    """
    scatter, change, darkest = (scratch(name, variance.shape, np.float32) for name in ("scatter", "change", "darkest"))
    np.maximum(box_mean(variance, scatter), variance, out=scatter)
    cv2.dilate(picture, BOX, dst=change)
    cv2.erode(picture, BOX, dst=darkest)
    usual = stars.share * stars.noise_range * noise_adu
    cv2.addWeighted(change, stars.share, darkest, -stars.share, -usual, dst=change)
    cv2.accumulateSquare(raised(change, 0.0), scatter)
    scatter += np.float32(least_variance)
    return np.asarray(cv2.pow(scatter, -0.5, dst=scatter))


def typical_noise(variance: FloatArray, weight: FloatArray) -> float:
    """Return the noise that is usual in a tile of a mean (ADU).

    Parameters
    ----------
    variance : array
        ``(h, w)`` float32, of a value of weight 1 (ADU^2); unchanged.
    weight : array
        ``(h, w)`` float32, sum of the values' weights; unchanged.

    Returns
    -------
    float
        0 where nothing is covered.
    """
    step = sample_step(variance)
    weights = weight[::step, ::step]
    reached = weights > 0
    sample = variance[::step, ::step][reached] / weights[reached]
    sample.sort()  # as in `bounds`
    return math.sqrt(sample[len(sample) // 2]) if len(sample) else 0.0
