"""The weighted mean without what does not belong: satellites, aircraft, cosmic rays, hot pixels that moved."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import ClassVar, Self

import cv2
import numpy as np
import numpy.typing as npt

from indistack.frame import BoolArray, CountArray, FloatArray, Integration
from indistack.stack.base import METHODS, Extent, MethodSettings, Planes, read_only
from indistack.stack.layers import Box, Layers, by_channel, luminance, step_by, usable_weight, usable_weights
from indistack.stack.opening import TINY, Subs, compare
from indistack.stack.rejection import UNSTEADY, Limits, bounds, outliers, single_outliers, usual_scatter
from indistack.tiles import Cube, Tile

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
        weight = self._scratch("weight", self._weight[box].shape, np.float32)
        weight[:] = usable_weight(tile)
        step = self._step(box, tile.pixels, weight)
        z = self._scratch("z", weight.shape, np.float32)
        picture = luminance(self._pixels[box], z)
        sigma = usual_scatter(self._variance[box], picture, UNSTEADY, self._least_variance, self._scratch)
        np.divide(luminance(step, z), sigma, out=z)
        covered = weight > 0
        out = self._outliers(self._limits, z, covered)
        out &= self._settled(box)
        if self._pulls:
            _pull(step, z * sigma, z, out, bounds(z, covered, self._limits))
        return self._enter(box, step, weight, out)

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:
        """Set a box anew from all subs at once; return how many pixels of each were rejected."""
        box = (cube.rows, cube.cols)
        values = self._scratch("values", cube.weight.shape, np.float32)
        weights = usable_weights(cube, self._scratch)
        for number, pixels in enumerate(cube.pixels):
            values[number] = luminance(pixels, values[number])
        values[weights == 0] = 0
        limits = self._limits if len(values) > 2 else Limits(math.inf, self._limits.high)
        judge = partial(self._outliers, limits)
        found = compare(Subs(values, weights, self._least_variance, self._scratch), judge, self.centre_share)
        self._clear(box)
        counts = np.zeros(len(values), np.intp)
        for number, (pixels, weight) in enumerate(zip(cube.pixels, weights, strict=True)):
            step = self._step(box, pixels, weight)
            if self._pulls:
                z = found.z[number]
                _pull(step, values[number] - found.centre, z, found.out[number], bounds(z, weight > 0, limits))
            counts[number] = self._enter(box, step, weight, found.out[number])
        return counts

    def planes(self) -> Planes:
        """Return the state itself."""
        return {**super().planes(), "variance": self._variance, "rejected": self._rejected}

    def integration(self) -> Integration:
        """Return read-only views of the state."""
        return replace(super().integration(), variance=read_only(self._variance), rejected=read_only(self._rejected))

    def _outliers(self, limits: Limits, z: FloatArray, covered: BoolArray) -> BoolArray:
        return single_outliers(z, covered, limits) if self._pulls else outliers(z, covered, limits, self._scratch)

    def _step(self, box: Box, pixels: FloatArray, weight: FloatArray) -> FloatArray:
        """Return how far a sub lies from the mean, 0 where it does not reach."""
        step: FloatArray = self._scratch("step", pixels.shape, np.float32)
        np.subtract(pixels, self._pixels[box], out=step)
        if cv2.countNonZero(weight) < weight.size:
            step[weight == 0] = 0
        return step

    def _taken(self, box: Box) -> CountArray:
        """How many subs have entered each pixel."""
        if self._pulls:
            return self._coverage[box]
        return self._coverage[box] - self._rejected[box]

    def _settled(self, box: Box) -> BoolArray:
        """Where the stack is sure enough of itself to reject."""
        taken, rejected = self._taken(box), self._rejected[box]
        settled: BoolArray = (taken >= LEAST_SUBS) & (rejected // 2 <= taken)
        return settled

    def _enter(self, box: Box, step: FloatArray, weight: FloatArray, out: BoolArray) -> int:
        """Add a sub to the mean and the variance, which become those without the outliers; count these."""
        taken = np.maximum(self._taken(box), 1, dtype=np.float32)
        self._coverage[box] += weight > 0
        self._rejected[box] += out
        if not self._pulls:
            weight *= ~out
        share, square = (self._scratch(name, weight.shape, np.float32) for name in ("share", "square"))
        self._weight[box] += weight
        np.divide(weight, np.maximum(self._weight[box], TINY, out=share), out=share)
        residual = luminance(step, square)
        np.multiply(residual, residual, out=square)
        square *= weight
        square *= np.subtract(1, share, out=self._scratch("rest", weight.shape, np.float32))
        square /= np.float32(self._truncation)
        square -= self._variance[box]
        square *= np.divide(weight > 0, taken, out=taken)
        self._variance[box] += square
        step_by(self._pixels[box], step, share, self._scratch)
        return int(np.count_nonzero(out))

    def _clear(self, box: Box) -> None:
        for plane in self.planes().values():
            plane[box] = 0

    def _join(self, other: Self, box: Box) -> None:
        """Mean and variance of both by Chan's formula: exact for the values that each has accepted."""
        mine, theirs = (stack._taken(box).astype(np.float32) for stack in (self, other))
        weight, more = self._weight[box], other._weight[box]
        share = np.divide(more, np.maximum(weight + more, TINY))
        step = np.subtract(other._pixels[box], self._pixels[box])
        between = luminance(step, np.empty_like(weight)) ** 2 * weight * share / self._truncation
        within = self._variance[box] * np.maximum(mine - 1, 0) + other._variance[box] * np.maximum(theirs - 1, 0)
        self._variance[box] = (within + between) / np.maximum(mine + theirs - 1, 1)
        step_by(self._pixels[box], step, share, self._scratch)
        self._rejected[box] += other._rejected[box]


def _pull(step: FloatArray, distance: FloatArray, z: FloatArray, out: BoolArray, limits: tuple[float, float]) -> None:
    """Move outliers to the limit, all colours alike, given their distance in ADU and in standard deviations."""
    beyond = 1 - np.clip(z, *limits) / np.where(out, z, np.float32(1))
    excess = np.where(out, distance * beyond, np.float32(0))
    step -= by_channel(excess, step.ndim)
