"""The six methods of the LiveStack script, for values of 0 to 1 full scale.

In the originals a pixel that a sub does not cover is 0; here it stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from indistack.picture.integration import Integration
from indistack.raster.tiles import Tile
from indistack.stack.base import METHODS, read_only
from indistack.stack.layers import OneByOne
from indistack.stack.mean import Mean
from indistack.values.frame import FloatArray


@METHODS.register("add")
class Add(OneByOne):
    """s = min(1, s + x)."""

    light = "summed"
    ordered = "what goes beyond full scale is lost on the way"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        total: FloatArray = np.minimum(stack + sub, np.float32(self._extent.full_scale_adu))
        return total


@METHODS.register("add2")
class Add2(OneByOne):
    """v = s + x; s = v if v < 1 else s."""

    light = "summed"
    ordered = "a sub that would go beyond full scale is left out"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        total = stack + sub
        return np.where(total < self._extent.full_scale_adu, total, stack)


@METHODS.register("addmax")
class AddMax(OneByOne):
    """s = max(s, x), per channel."""

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        return np.maximum(stack, sub)


@METHODS.register("addmax2")
class AddMax2(AddMax):
    """As addmax, shown with its greatest value at full scale."""

    def integration(self) -> Integration:
        """Return a scaled copy of the state; a picture without light stays as it is."""
        stack = super().integration()
        greatest = float(stack.pixels.max())
        if greatest <= 0:
            return stack
        scale = np.float32(self._extent.full_scale_adu / greatest)
        return replace(stack, pixels=read_only(stack.pixels * scale))


@METHODS.register("addmean")
class AddMean(OneByOne):
    """s = (s + x) / 2 where x > 0, else s."""

    ordered = "the last sub weighs one half, the one before it a quarter, and so on"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        return np.where(sub > 0, (stack + sub) / 2, stack)


@METHODS.register("addcomp")
class AddComp(Mean):
    """s = (s (n - 1) + x) / n: the mean, all subs alike."""

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub."""
        return super().update(_counting_one(tile))

    def remove(self, tile: Tile) -> None:
        """Take out one tile of a sub."""
        super().remove(_counting_one(tile))


def _counting_one(tile: Tile) -> Tile:
    return replace(tile, weight=1.0 if isinstance(tile.weight, float) else (tile.weight > 0).astype(np.float32))
