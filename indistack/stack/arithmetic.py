"""Plain sums, differences and products of subs."""

from __future__ import annotations

import numpy as np

from indistack.stack.base import METHODS
from indistack.stack.layers import OneByOne
from indistack.values.frame import FloatArray


@METHODS.register("sum")
class Sum(OneByOne):
    """Sum of all subs, not clipped."""

    light = "summed"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        return stack + sub


@METHODS.register("subtract")
class Subtract(OneByOne):
    """The first sub less all others."""

    light = "lost"

    ordered = "the first sub is the one that the others are subtracted from"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        return stack - sub


@METHODS.register("multiply")
class Multiply(OneByOne):
    """Product of all subs, values counted in full scales."""

    light = "lost"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        return stack * (sub / np.float32(self._extent.full_scale_adu))
