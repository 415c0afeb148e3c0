"""The median: exact for subs that are there all at once, nearly so for subs that come one by one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import MAD_TO_SIGMA
from indistack.raster.tiles import Cube, Tile
from indistack.stack.base import METHODS, Extent, MethodSettings, Planes
from indistack.stack.layers import Layers, by_channel, plane_of, usable_weight, usable_weights
from indistack.stack.sorting import middle, sorted_planes
from indistack.values.frame import FloatArray
from indistack.values.grid import Box

WIDER = np.array([0, 0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107, 1.0], np.float32) * MAD_TO_SIGMA
"""The same for 0, 1, 2 ... values, and for more: few lie closer to their own median (Croux and Rousseeuw 1992)."""

LEAST_SHARE = 0.5
"""The scatter of a pixel is not taken for less than that share of what is usual in its tile: of few values it is
uncertain, and a pixel that the first subs did not reach has none."""

SMOOTH = (5, 5)
"""The scatter is a mean over that box (px)."""

SAMPLE_STEP = 6
"""What is usual in a tile is told by every so many-th of its pixels, both ways."""


@METHODS.register("median")
class Median(Layers):
    """Median of each colour; all subs count alike.

    Live, the first subs' exact median moves up or down by sigma sqrt(pi / 2) / n with each further sub, whichever side
    that lies on (stochastic approximation, Robbins and Monro 1951): its noise is that of the exact median, and a
    satellite moves it no further than any other value above it.
    """

    approximates = True
    ordered = "medians do not tell the median of all"

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        super().__init__(extent, settings)
        self.opening = settings.opening
        self._scatter = np.zeros(extent.shape, np.float16)

    def update(self, tile: Tile) -> int:
        """Move the median by one step towards a tile of a sub."""
        box = (tile.rows, tile.cols)
        median = self._pixels[box]
        weight = plane_of(usable_weight(tile), self._weight[box])
        self._count_tile(box, weight)
        reach = by_channel(weight > 0, median.ndim)
        n = by_channel(self._coverage[box], median.ndim)
        away = np.subtract(tile.pixels, median, out=np.zeros_like(median), where=reach)
        first = (n == 1) & reach
        step = np.sign(away) * self._usual_scatter(box, away) * np.float32(np.sqrt(np.pi / 2))
        median += np.where(first, away, step / np.maximum(n, 1))
        return 0

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:
        """Set a box to the exact median of all subs; no pixel is rejected."""
        box = (cube.rows, cube.cols)
        weights = usable_weights(cube)
        reach = by_channel(weights > 0, cube.pixels.ndim)
        np.copyto(cube.pixels, np.float32(np.inf), where=~reach)  # the last in any order
        count = weights.shape[0] if reach.all() else np.count_nonzero(reach, axis=0)
        median = self._middle(cube.pixels, count)
        np.abs(cube.pixels - median, out=cube.pixels)
        scatter = self._middle(cube.pixels, count) * np.take(WIDER, np.minimum(count, len(WIDER) - 1))
        self._pixels[box] = median
        self._scatter[box] = np.minimum(cv2.blur(scatter, SMOOTH), np.finfo(np.float16).max)
        self._weight[box] = weights.sum(axis=0)
        self._coverage[box] = (weights > 0).sum(axis=0)
        return np.zeros(len(weights), np.intp)

    def planes(self) -> Planes:
        """Return the state itself."""
        return {**super().planes(), "scatter": self._scatter}

    def _middle(self, values: FloatArray, count: int | npt.NDArray[np.intp]) -> FloatArray:
        """Median along the first axis of the first `count` in order, 0 where there are none."""
        flat = values.reshape(*values.shape[:2], -1)
        room = self._scratch("sorted", (len(flat) + 1, *flat.shape[1:]), np.float32)
        room[:-1] = flat
        order = sorted_planes(room)
        if isinstance(count, int):
            return middle(order, count).reshape(values.shape[1:])
        each = np.broadcast_to(count, values.shape[1:]).reshape(flat.shape[1:])
        result = np.where(each > 0, middle(order, np.maximum(each, 1)), np.float32(0))
        return result.reshape(values.shape[1:])

    def _usual_scatter(self, box: Box, away: FloatArray) -> FloatArray:
        """Return the standard deviation of each colour of a pixel's values."""
        scatter: FloatArray = self._scatter[box].astype(np.float32)
        known = scatter[::SAMPLE_STEP, ::SAMPLE_STEP]
        distance = np.abs(away[::SAMPLE_STEP, ::SAMPLE_STEP])
        usual = known if known.any() else MAD_TO_SIGMA * distance  # the first subs did not reach this tile
        least = LEAST_SHARE * np.asarray(np.median(usual, axis=(0, 1)), np.float32)
        np.maximum(scatter, least, out=scatter)
        return scatter
