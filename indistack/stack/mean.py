"""The running weighted mean."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.errors import StackError
from indistack.frame import FloatArray, Integration
from indistack.stack.base import METHODS, Extent, MethodSettings, Planes, Tally, read_only, require_same_shape
from indistack.tiles import Cube, Tile


@METHODS.register("mean")
class Mean:
    """Running weighted mean, per pixel: W += w; s += (x - s) w / W.

    This form loses nothing after thousands of subs, where a growing float32 sum does.
    """

    opening = 0
    can_remove = True
    ordered = ""

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:  # noqa: ARG002
        self._mean = np.zeros(extent.shape, np.float32)
        self._weight = np.zeros((extent.height, extent.width), np.float32)
        self._coverage = np.zeros((extent.height, extent.width), np.uint16)
        self.tally = Tally()

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub."""
        box = (tile.rows, tile.cols)
        mean, total = self._mean[box], self._weight[box]
        weight = _without_holes(tile)
        if isinstance(weight, float):
            low, high, _, _ = cv2.minMaxLoc(total)
            if low == high:  # the usual tile: fully covered by every sub so far
                cv2.accumulateWeighted(tile.pixels, mean, weight / (low + weight))
                total += np.float32(weight)
                self._coverage[box] += np.uint16(1)
                return 0
            weight = np.full(total.shape, weight, np.float32)
        total += weight
        share = np.divide(weight, total, out=np.zeros_like(total), where=total > 0)
        _blend(mean, tile.pixels, share)
        self._coverage[box] += weight > 0
        return 0

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:
        """Never called: every sub is taken as it comes."""
        raise StackError("a mean has no opening")

    def remove(self, tile: Tile) -> None:
        """Take out one tile of a sub."""
        box = (tile.rows, tile.cols)
        weight = np.broadcast_to(np.float32(1) * _without_holes(tile), self._weight[box].shape)
        self._coverage[box] -= weight > 0
        self._weight[box] = np.where(self._coverage[box] > 0, self._weight[box] - weight, 0)
        share = np.divide(weight, self._weight[box], out=np.zeros_like(weight), where=self._weight[box] > 0)
        _blend(self._mean[box], tile.pixels, -share)

    def count(self, exposure_s: float, subs: int = 1) -> None:
        """One sub is complete, or has been removed."""
        self.tally.n_subs += subs
        self.tally.exposure_s += subs * exposure_s

    def merge(self, other: Mean) -> None:
        """Add another mean's state."""
        require_same_shape(self._mean.shape, other._mean.shape)
        self._weight += other._weight
        share = np.divide(other._weight, self._weight, out=np.zeros_like(self._weight), where=self._weight > 0)
        _blend(self._mean, other._mean, share)
        self._coverage += other._coverage
        self.tally.n_subs += other.tally.n_subs
        self.tally.exposure_s += other.tally.exposure_s

    def planes(self) -> Planes:
        """Return the state itself."""
        return {"mean": self._mean, "weight": self._weight, "coverage": self._coverage}

    def integration(self) -> Integration:
        """Return read-only views of the state."""
        return Integration(
            read_only(self._mean),
            read_only(self._weight),
            read_only(self._coverage),
            self.tally.n_subs,
            self.tally.exposure_s,
        )


def _without_holes(tile: Tile) -> float | FloatArray:
    """Weight of the tile, made a plane with zeros where a pixel is not finite."""
    if np.isfinite(cv2.sumElems(tile.pixels)).all():  # one pass instead of a mask: NaN and inf survive a sum
        return tile.weight
    finite = np.isfinite(np.atleast_3d(tile.pixels)).all(axis=2)
    return np.where(finite, np.float32(1) * tile.weight, np.float32(0)).astype(np.float32)


def _blend(mean: FloatArray, pixels: FloatArray, share: FloatArray) -> None:
    """Mean += (pixels - mean) * share, in place, where share is not 0."""
    used = share != 0
    if mean.ndim == 3:
        share, used = share[..., np.newaxis], used[..., np.newaxis]
    step = np.subtract(pixels, mean, out=np.zeros_like(mean), where=used)
    step *= share
    mean += step
