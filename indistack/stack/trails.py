"""Star trails over a landscape: the brightest sub for the sky, the mean for the ground."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import cv2
import numpy as np

from indistack.errors import SettingsError
from indistack.raster.tiles import Tile
from indistack.stack.base import METHODS, Extent, MethodSettings
from indistack.stack.extremes import Maximum
from indistack.stack.layers import by_channel, plane_of, usable_weight
from indistack.values.frame import BoolArray, FloatArray
from indistack.values.grid import Box

GROUND_LEVEL = 128
"""A mask is ground from that brightness on, of 255."""


@METHODS.register("trails")
class Trails(Maximum):
    """Maximum above, which may fade, mean below a line or a mask; the mean is made brighter by `ground_scale`.

    Raises
    ------
    SettingsError
        The mask is no picture.
    """

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        super().__init__(extent, settings)
        self._ground = _ground(extent, settings)
        if settings.fade < 1:
            self.ordered = "older trails have faded by what has come since"

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        brightest = super()._next(stack, sub)
        fade = self._settings.fade
        return brightest if fade == 1 else sub + np.float32(fade) * (brightest - sub)

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub."""
        box = (tile.rows, tile.cols)
        before, n = self._pixels[box].copy(), self._coverage[box] + np.float32(1)
        super().update(tile)
        reach = plane_of(usable_weight(tile), n) > 0
        step = tile.pixels * np.float32(self._settings.ground_scale) - before
        self._set_ground(box, reach, before + step / by_channel(n, step.ndim))
        return 0

    def _join(self, other: Self, box: Box) -> None:
        before = self._pixels[box].copy()
        super()._join(other, box)
        mine, theirs = self._coverage[box], other._coverage[box]
        share = theirs / np.maximum(mine + theirs, 1, dtype=np.float32)
        self._set_ground(box, theirs > 0, before + (other._pixels[box] - before) * by_channel(share, before.ndim))

    def _set_ground(self, box: Box, reach: BoolArray, mean: FloatArray) -> None:
        np.copyto(self._pixels[box], mean, where=by_channel(self._ground[box] & reach, mean.ndim))


def _ground(extent: Extent, settings: MethodSettings) -> BoolArray:
    """``(h, w)``: where the ground is."""
    if settings.ground_mask is not None:
        return _read_mask(settings.ground_mask, extent)
    ground = np.zeros((extent.height, extent.width), bool)
    ground[round(extent.height * settings.ground_line) :] = True
    return ground


def is_mask(path: Path) -> bool:
    """Tell whether a file is a picture that can be read, by its head."""
    return path.is_file() and bool(cv2.haveImageReader(str(path)))


def _read_mask(path: Path, extent: Extent) -> BoolArray:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SettingsError([f"ground_mask = {str(path)!r}: not a picture that can be read"])
    scaled = cv2.resize(picture, (extent.width, extent.height), interpolation=cv2.INTER_NEAREST)
    ground: BoolArray = scaled >= GROUND_LEVEL
    return ground
