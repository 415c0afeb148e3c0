"""The running weighted mean."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np

from indistack.raster.tiles import Tile
from indistack.stack.base import METHODS
from indistack.stack.layers import Layers, blend, by_channel, plane_of, reached, usable_weight
from indistack.values.frame import FloatArray
from indistack.values.grid import Box

ROUNDING = 1e-4
"""What is left of a weight when that share of it or less remains after a removal."""


@METHODS.register("mean")
class Mean(Layers):
    """Running weighted mean, per pixel: W += w; s += (x - s) w / W.

    This form loses nothing after thousands of subs, where a growing float32 sum does.
    """

    can_remove = True
    takes_own_weights = True

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub."""
        box = (tile.rows, tile.cols)
        mean, total = self._pixels[box], self._weight[box]
        weight = usable_weight(tile)
        self._count_tile(box, weight)
        lowest, highest, _, _ = cv2.minMaxLoc(total.reshape(len(total), -1))
        if isinstance(weight, float) and lowest == highest:  # the usual tile: fully covered by every sub so far
            cv2.accumulateWeighted(tile.pixels, mean, weight / lowest)
            return 0
        blend(mean, tile.pixels, _share(weight, total), self._scratch)
        return 0

    def remove(self, tile: Tile) -> None:
        """Take out one tile of a sub."""
        box = (tile.rows, tile.cols)
        total = self._weight[box]
        weight = plane_of(usable_weight(tile), total)
        self._coverage[box] -= reached(weight)
        total -= weight
        total[(total <= ROUNDING * weight) | by_channel(self._coverage[box] == 0, total.ndim)] = 0
        blend(self._pixels[box], tile.pixels, -_share(weight, total), self._scratch)

    def _join(self, other: Self, box: Box) -> None:
        share = _share(other._weight[box], self._weight[box] + other._weight[box])
        blend(self._pixels[box], other._pixels[box], share, self._scratch)


def _share(weight: float | FloatArray, total: FloatArray) -> FloatArray:
    """Weight / total, 0 where there is none."""
    return np.divide(weight, total, out=np.zeros_like(total), where=total > 0, dtype=np.float32)
