"""Where a picture is covered, and the level and the noise of its sky."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.enhance.base import channels_of
from indistack.numerics.statistics import robust_sigma
from indistack.picture.linear import BLOCK, DARK_SHARE
from indistack.values.frame import FloatArray

SAMPLES = 150_000
"""Pixels that the sky is measured in: some 600 blocks."""

MEAN_OFF_TO_SIGMA = 1.2533
"""Standard deviation of normal noise over its mean distance from 0: the root of half of pi."""

DAMAGED_SIGMA = 10.0
"""Parts of a picture that far below the others are no sky: a border of the camera, a strip that lacks light."""


@dataclass(frozen=True, slots=True)
class Sky:
    """The sky of a picture.

    Attributes
    ----------
    level, noise : array
        ``(channels,)`` float32 in the picture's unit: the mean without outliers and the standard deviation of the
        pixels where the field is darkest, as a nebula may fill most of it.
    """

    level: FloatArray
    noise: FloatArray


def measure_sky(picture: FloatArray) -> Sky | None:
    """Measure the sky of ``(h, w)`` or ``(h, w, c)`` float32; None where nothing is covered."""
    planes = np.moveaxis(channels_of(thinned(picture, SAMPLES)), 2, 0)
    blocks = _blocks(planes)
    if blocks.shape[1] == 0:
        covered = np.isfinite(planes).all(axis=0)
        if not covered.any():
            return None
        blocks = planes[:, covered][:, np.newaxis]
    pixels = blocks.shape[2]
    blocks = np.partition(blocks, (pixels // 4, (3 * pixels) // 4), axis=2)
    # the mean of the middle half: of a few grey levels only, a median is one of them
    levels = blocks[:, :, pixels // 4 : (3 * pixels) // 4 + 1].mean(axis=2)
    brightness = levels.mean(axis=0)
    lit = is_lit(brightness)
    dark = lit & (brightness <= np.quantile(brightness[lit], DARK_SHARE))
    below = np.minimum(blocks[:, dark] - levels[:, dark, np.newaxis], 0)  # stars are above
    noise = MEAN_OFF_TO_SIGMA * np.median(-2 * below.mean(axis=2), axis=1)
    return Sky(levels[:, dark].mean(axis=1).astype(np.float32), noise.astype(np.float32))


def is_lit(brightness: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which of ``(n,)`` parts of a picture are covered, and not behind the edge of a filter or a baffle."""
    known: npt.NDArray[np.bool_] = np.isfinite(brightness)
    if not known.any():
        return known
    middle = float(np.median(brightness[known]))
    sigma = robust_sigma(brightness[known], middle)
    return np.asarray(known & (brightness >= middle - DAMAGED_SIGMA * sigma))


def thinned(picture: FloatArray, pixels: int) -> FloatArray:
    """Return about so many pixels of a picture, on a regular grid.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)``; unchanged.
    pixels : int
        How many; there are at most four times as many.

    Returns
    -------
    array
        A view of fewer rows and columns.
    """
    stride = max(1, math.isqrt(picture.shape[0] * picture.shape[1] // pixels))
    return picture[::stride, ::stride]


def channel_mean(picture: FloatArray) -> FloatArray:
    """``(h, w, 3)`` -> ``(h, w)``, the mean of the colours; a grey picture as it is."""
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.transform(picture, np.full((1, 3), 1 / 3, np.float32)), np.float32)


def covered_box(picture: FloatArray) -> tuple[slice, slice]:
    """Return the rows and columns that are covered somewhere; all of them where none is.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)``; NaN is not covered; unchanged.
    """
    plane = channels_of(picture)[..., 0]
    if all(np.isfinite(edge).any() for edge in (plane[0], plane[-1], plane[:, 0], plane[:, -1])):
        return slice(None), slice(None)
    covered = np.isfinite(plane)
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if len(rows) == 0:
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _blocks(planes: FloatArray) -> FloatArray:
    """``(c, n, pixels)``: the blocks of a grid ``(c, h, w)`` that are wholly covered."""
    channels, rows, columns = planes.shape[0], planes.shape[1] // BLOCK, planes.shape[2] // BLOCK
    blocks = planes[:, : rows * BLOCK, : columns * BLOCK].reshape(channels, rows, BLOCK, columns, BLOCK)
    blocks = blocks.swapaxes(2, 3).reshape(channels, rows * columns, BLOCK * BLOCK)
    return blocks[:, np.isfinite(blocks.sum(axis=(0, 2)))]
