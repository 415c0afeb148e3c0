"""Linear pictures that are too large to be held twice: read in strips, or binned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from indistack.system.workers import shared_workers
from indistack.values.frame import CountArray, FloatArray

STRIP_ROWS = 64
"""Rows of a binned picture that are made at a time, to keep temporaries small."""

SAMPLES = 400_000
"""Pixels that statistics are taken from: enough for a median to a thousandth of the noise."""

BLOCK = 16
"""Side of the blocks of a grid that the sky is looked for in."""

DARK_SHARE = 0.25
"""Of the field, which may be taken for sky."""


class LinearPicture(Protocol):
    """A picture in ADU, NaN where nothing covers; grey ``(height, width)`` or RGB ``(height, width, 3)``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole picture."""

    def rows(self, rows: slice) -> FloatArray:
        """Return some rows, float32; not to be written to."""

    def binned(self, factor: int) -> FloatArray:
        """Return means of blocks of `factor` x `factor` covered pixels, NaN where a block has none; as `rows`."""


@dataclass(frozen=True, slots=True)
class StackPicture:
    """The picture of one stack.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` or ``(height, width, 3)`` float32, or counts.
    weight : array or None
        ``(height, width)`` or shaped as `pixels`; pixels where it is 0 are not covered. None: those are NaN already.
    """

    pixels: FloatArray | CountArray
    weight: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """See `LinearPicture`."""
        return self.pixels.shape

    def rows(self, rows: slice) -> FloatArray:
        """See `LinearPicture`."""
        pixels = self.pixels[rows].astype(np.float32, copy=False)
        if self.weight is None:
            return pixels
        covered = self.weight[rows] > 0
        if covered.all():
            return pixels
        if covered.ndim < pixels.ndim:
            covered = covered[..., np.newaxis]
        return np.where(covered, pixels, np.float32(np.nan))

    def binned(self, factor: int) -> FloatArray:
        """See `LinearPicture`."""
        if factor == 1:
            return self.rows(slice(None))
        height, width = (max(1, size // factor) for size in self.shape[:2])
        result = np.empty((height, width, *self.shape[2:]), np.float32)

        def bin_rows(rows: slice) -> None:
            result[rows] = _block_means(self.rows(slice(rows.start * factor, rows.stop * factor)), factor)

        shared_workers().strips(bin_rows, height, STRIP_ROWS)
        return result

    def scaled(self, height: int, width: int, ratio: float) -> StackPicture:
        """Return one of that size, whose pixels are means of squares of `ratio` px, which need not be whole."""
        rows, cols = (slice(round(side * ratio)) for side in (height, width))
        return StackPicture(_area_means(self.rows(rows)[:, cols], (width, height)))

    def copy(self, max_side_px: int = 0) -> StackPicture:
        """Return one that later subs do not change, binned to fit in a square of that side; 0 = as large as it is."""
        factor = binning_for(self.shape, max_side_px)
        if factor > 1:
            return StackPicture(self.binned(factor))
        if self.weight is None:
            return StackPicture(self.pixels.copy())
        copy = np.empty(self.shape, np.float32)
        for top in range(0, self.shape[0], STRIP_ROWS):
            rows = slice(top, top + STRIP_ROWS)
            copy[rows] = self.rows(rows)
        return StackPicture(copy)


def binning_for(shape: tuple[int, ...], max_side_px: int) -> int:
    """Return the least binning that makes a picture's longer side no longer than that; 0 = as long as it is."""
    return math.ceil(max(shape[:2]) / max_side_px) if max_side_px else 1


def grid_of(picture: LinearPicture) -> FloatArray:
    """Return pixels on a regular grid over a picture, ``(h, w)`` or ``(h, w, 3)``."""
    height, width = picture.shape[:2]
    stride = max(1, math.isqrt(height * width // SAMPLES))
    return picture.rows(slice(None, None, stride))[:, ::stride]


def levels_of(grid: FloatArray) -> FloatArray:
    """Return the level of each block of a field, its median, which no star and little noise changes.

    Parameters
    ----------
    grid : array
        ``(h, w, channels)``, as `grid_of` gives them.

    Returns
    -------
    array
        ``(n, channels)`` float32 of the blocks that are wholly covered; where there are none, the covered pixels.
    """
    rows, cols, channels = grid.shape[0] // BLOCK, grid.shape[1] // BLOCK, grid.shape[2]
    blocks = grid[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK, channels)
    levels = np.median(blocks.swapaxes(1, 2).reshape(rows * cols, BLOCK * BLOCK, channels), axis=1)
    known = np.isfinite(levels).all(axis=1)
    if known.any():
        return np.asarray(levels[known], np.float32)
    pixels = grid.reshape(-1, channels)
    return pixels[np.isfinite(pixels).all(axis=1)]


def sky_of(levels: FloatArray) -> FloatArray:
    """Return the sky's level in each channel: the median where the field is darkest, as a nebula may fill most of it.

    Parameters
    ----------
    levels : array
        ``(n, channels)``, as `levels_of` gives them.

    Returns
    -------
    array
        ``(channels,)`` float32; 0 of nothing.
    """
    if len(levels) == 0:
        return np.zeros(levels.shape[1], np.float32)
    brightness = levels.mean(axis=1)
    dark = brightness <= np.quantile(brightness, DARK_SHARE)
    return np.asarray(np.median(levels[dark], axis=0), np.float32)


def _block_means(pixels: FloatArray, factor: int) -> FloatArray:
    height, width = pixels.shape[:2]
    size = (max(1, width // factor), max(1, height // factor))
    return _area_means(pixels[: size[1] * factor, : size[0] * factor], size)


def _area_means(pixels: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Shrink to that width and height."""
    halves = pixels.shape[:2] == (2 * size[1], 2 * size[0])
    way = cv2.INTER_LINEAR if halves else cv2.INTER_AREA  # the same for two, and three times faster
    plain = np.asarray(cv2.resize(pixels, size, interpolation=way), np.float32)
    if np.isfinite(cv2.sumElems(plain)).all():  # what is not covered would be in some mean
        return plain
    covered = np.isfinite(pixels)
    share = cv2.resize(covered.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(np.where(covered, pixels, np.float32(0)), size, interpolation=cv2.INTER_AREA)
    return np.divide(mean, share, out=np.full_like(mean, np.nan), where=share > 0)
