"""The weighted mean without what does not belong: satellites, aircraft, cosmic rays, hot pixels that moved."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import ClassVar, Self

import cv2
import numpy as np
import numpy.typing as npt

from indistack.picture.integration import Integration
from indistack.raster.tiles import Cube, Tile
from indistack.stack.base import METHODS, Extent, MethodSettings, Planes, read_only
from indistack.stack.layers import (
    Layers,
    by_channel,
    how_many,
    luminance,
    step_by,
    usable_weight,
    usable_weights,
)
from indistack.stack.opening import OpeningSubs, compare
from indistack.stack.rejection import (
    Limits,
    StarChange,
    bounds,
    inverse_scatter,
    outliers,
    single_outliers,
    typical_noise,
)
from indistack.stack.spread import TINY, raised, spread
from indistack.values.frame import BoolArray, CountArray, FloatArray
from indistack.values.grid import Box

LEAST_SUBS = 3
"""A pixel that fewer subs reached has no variance to speak of: it takes what comes."""

INTEGER_SCALE_ADU, INTEGER_SIGMA_ADU, FLOAT_SIGMA = 255, 0.7, 1e-5
"""Pixels are not taken for quieter than that, however alike they are: whole ADU flicker by one; where the full scale is
less, values are fractions, and have a standard deviation of that share of it at least."""


@METHODS.register("sigma_clip")
class SigmaClip(Layers):
    """Weighted mean of the values within kappa standard deviations of it.

    The first subs are combined at once: each pixel is compared with their median. Later subs are compared with the
    running mean, in units of the running standard deviation. Both are those of the mean of the colours: a pixel enters
    or goes with all of them. Where twice as many subs were rejected as taken, the picture has changed for good, and the
    next one enters unasked.
    """

    centre_share: ClassVar[float] = 0.5
    """Which quantile of the first subs' values is taken for the true one."""

    stars: ClassVar[StarChange] = StarChange(0.7, 2.0)
    """A core in a sub of 2.5 px FWHM is 60 % brighter than in one of 3.2 px, and one on a single photosite of its
    colour 1.8 times as high as the mean of others. What crosses a star and is less than that is lost in its light."""

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        super().__init__(extent, settings)
        size = (extent.height, extent.width)
        self.opening = settings.opening
        self._variance = np.zeros(size, np.float32)
        self._rejected = np.zeros(size, np.uint16)
        self._limits = Limits(settings.kappa_low, settings.kappa_high)
        self._pulls = settings.winsorize
        self._truncation = 1.0 if self._pulls else self._limits.variance_within()
        is_integer = extent.full_scale_adu >= INTEGER_SCALE_ADU
        self._least_variance = (INTEGER_SIGMA_ADU if is_integer else FLOAT_SIGMA * extent.full_scale_adu) ** 2

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub; return how many pixels were rejected."""
        box = (tile.rows, tile.cols)
        weight, picture = (self._plane(name, box) for name in ("weight", "picture"))
        step, distance = self._distance(tile, weight)
        picture = luminance(self._pixels[box], picture)
        variance = self._variance[box]
        noise_adu = typical_noise(variance, self._weight[box])
        per_sigma = inverse_scatter(variance, picture, noise_adu, self.stars, self._least_variance, self._scratch)
        z = np.multiply(distance, per_sigma, out=per_sigma)
        covered = weight > 0
        out = self._outliers(self._limits, z, covered)
        taken = self._taken(box)
        out &= _settled(taken, self._rejected[box])
        if self._pulls:
            _pull(step, distance.copy(), z, out, bounds(z, covered, self._limits))
            distance = luminance(step, distance)
        else:
            np.copyto(weight, np.float32(0), where=out)
        self._enter(box, step, distance, weight, taken)
        self._coverage[box] += covered
        self._rejected[box] += out
        return int(np.count_nonzero(out))

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:
        """Set a box anew from all subs at once; return how many pixels of each were rejected."""
        box = (cube.rows, cube.cols)
        weights = usable_weights(cube)
        covered = weights > 0
        if not covered.all():
            cube.pixels[~covered] = 0
        values = self._luminances(cube.pixels)
        limits = self._limits if len(values) > 2 else Limits(math.inf, self._limits.high)
        subs = OpeningSubs(values, weights, covered, self.stars, self._least_variance, self._scratch)
        found = compare(subs, partial(self._outliers, limits), self.centre_share)
        if self._pulls:
            for number, z in enumerate(found.z):
                distance = values[number] - found.centre
                _pull(cube.pixels[number], distance, z, found.out[number], bounds(z, covered[number], limits))
            values = self._luminances(cube.pixels)
        else:
            weights *= ~found.out
        self._set(box, cube.pixels, values, weights)
        self._coverage[box], self._rejected[box] = how_many(covered), how_many(found.out)
        return np.array([np.count_nonzero(out) for out in found.out])

    def planes(self) -> Planes:
        """Return the state itself."""
        return {**super().planes(), "variance": self._variance, "rejected": self._rejected}

    def integration(self) -> Integration:
        """Return read-only views of the state."""
        return replace(super().integration(), variance=read_only(self._variance), rejected=read_only(self._rejected))

    def _outliers(self, limits: Limits, z: FloatArray, covered: BoolArray) -> BoolArray:
        return single_outliers(z, covered, limits) if self._pulls else outliers(z, covered, limits, self._scratch)

    def _plane(self, name: str, box: Box) -> FloatArray:
        """Return a buffer, ``(h, w)``."""
        buffer: FloatArray = self._scratch(name, self._weight[box].shape, np.float32)
        return buffer

    def _luminances(self, pixels: FloatArray) -> FloatArray:
        """Mean of the colours of several subs, ``(n, h, w)``."""
        n, height, width = pixels.shape[:3]
        rows = self._scratch("values", (n * height, width), np.float32)
        return luminance(pixels.reshape(n * height, *pixels.shape[2:]), rows).reshape(n, height, width)

    def _distance(self, tile: Tile, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fill in the weight; return how far a sub lies from the mean, 0 where it is not, and that for all colours."""
        box = (tile.rows, tile.cols)
        step: FloatArray = self._scratch("step", tile.pixels.shape, np.float32)
        room = self._plane("distance", box)
        weight[:] = tile.weight
        cv2.subtract(tile.pixels, self._pixels[box], dst=step)
        distance = luminance(step, room)
        if not isinstance(tile.weight, float) or not np.isfinite(cv2.sumElems(distance)[0]):
            weight[:] = usable_weight(tile)
            step[weight == 0] = 0
            distance = luminance(step, room)
        return step, distance

    def _taken(self, box: Box) -> CountArray:
        """How many subs have entered each pixel."""
        if self._pulls:
            return self._coverage[box]
        return self._coverage[box] - self._rejected[box]

    def _enter(self, box: Box, step: FloatArray, distance: FloatArray, weight: FloatArray, taken: CountArray) -> None:
        """Add a sub to mean and variance of those taken, given its distance from the mean; a weight of 0 adds nothing.

        The weighted sum of squares about the mean grows as West (1979) has it.
        """
        before, variance = self._weight[box], self._variance[box]
        share, square, count = (self._plane(name, box) for name in ("share", "square", "count"))
        cv2.add(before, weight, dst=share)
        cv2.divide(weight, raised(share, TINY), dst=share)
        cv2.multiply(distance, distance, dst=square)
        square *= share
        square *= before
        cv2.addWeighted(square, 1 / self._truncation, variance, -1.0, 0.0, dst=square)
        np.copyto(count, taken)
        square /= raised(count, 1.0)
        cv2.accumulate(square, variance, mask=(share > 0).view(np.uint8))
        before += weight
        step_by(self._pixels[box], step, share, self._scratch)

    def _set(self, box: Box, pixels: FloatArray, values: FloatArray, weights: FloatArray) -> None:
        """Begin mean and variance anew with those of several subs."""
        usual = spread(values, weights, self._scratch)
        self._weight[box] = usual.total
        np.divide(usual.variance, np.float32(self._truncation), out=self._variance[box])
        total = raised(usual.total, TINY)
        mean = self._pixels[box]
        mean[:] = 0
        for sub, share in zip(pixels, weights, strict=True):
            share /= total
            step_by(mean, sub, share, self._scratch)

    def _join(self, other: Self, box: Box) -> None:
        """Mean and variance of both by Chan's formula: exact for the values that each has accepted."""
        mine, theirs = (stack._taken(box).astype(np.float32) for stack in (self, other))
        weight, more = self._weight[box], other._weight[box]
        share = np.divide(more, raised(weight + more, TINY))
        step = np.subtract(other._pixels[box], self._pixels[box])
        between = luminance(step, np.empty_like(weight)) ** 2 * weight * share / self._truncation
        within = self._variance[box] * np.maximum(mine - 1, 0) + other._variance[box] * np.maximum(theirs - 1, 0)
        self._variance[box] = (within + between) / np.maximum(mine + theirs - 1, 1)
        step_by(self._pixels[box], step, share, self._scratch)
        self._rejected[box] += other._rejected[box]


def _settled(taken: CountArray, rejected: CountArray) -> BoolArray:
    """Where the stack is sure enough of itself to reject."""
    settled: BoolArray = (taken >= LEAST_SUBS) & (rejected // 2 <= taken)
    return settled


def _pull(step: FloatArray, distance: FloatArray, z: FloatArray, out: BoolArray, limits: tuple[float, float]) -> None:
    """Move outliers to the limit, all colours alike, given their distance in ADU and in standard deviations."""
    beyond = 1 - np.clip(z, *limits) / np.where(out, z, np.float32(1))
    excess = np.where(out, distance * beyond, np.float32(0))
    step -= by_channel(excess, step.ndim)
