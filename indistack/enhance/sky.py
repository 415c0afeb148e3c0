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

STAR_SIGMA, EDGE_SIGMA, EDGE_SHARE = 8.0, 4.0, 0.1
"""A part of a picture with a pixel so far above its level has a star; where such a share of it is above the lower one,
and nothing twice as far as the sky, it is the edge of the ground."""

LEAST_GROUND, MOST_GROUND = 0.02, 0.75
"""Shares of a picture that may be ground; less is left out by its level, or matters little."""

BETWEEN = 0.35
"""Parts on the edge of the ground, of those that show nothing else: more, and it is a cloud before the stars."""

SPLITS = 2
"""So often the darker parts are taken apart again where no ground is found."""

LEAST_STARRY, STARRIER = 0.05, 2.0
"""So many parts of a sky have stars, and so many times more than the ground, at whose edge may be some."""


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
    pixels, ground = blocks.shape[2], is_ground(blocks.mean(axis=0))  # before each colour is sorted by itself
    blocks = np.partition(blocks, (pixels // 4, (3 * pixels) // 4), axis=2)
    # the mean of the middle half: of a few grey levels only, a median is one of them
    levels = blocks[:, :, pixels // 4 : (3 * pixels) // 4 + 1].mean(axis=2)
    brightness = levels.mean(axis=0)
    brightness[ground] = np.nan
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


def is_ground(parts: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which parts of a picture show no sky: a landscape, a dome, what lies outside a fisheye's circle.

    It is far darker than the rest, with hardly anything between, and has no stars where the rest has.

    Parameters
    ----------
    parts : array
        ``(n, pixels)`` brightness of their pixels; a part with NaN is not covered; unchanged.

    Returns
    -------
    array
        ``(n,)`` bool, new; all False where there is no such thing.
    """
    brightness = np.median(parts, axis=1)
    none = np.zeros(len(parts), bool)
    known = np.sort(brightness[np.isfinite(brightness)])
    if len(known) < 2 / LEAST_GROUND:
        return none
    beyond = np.minimum(known, known[int(MOST_GROUND * len(known))])
    # The Milky Way, or a lit horizon, may be further from the darkest sky than that is from the ground.
    for _ in range(SPLITS):
        dark, bright = _two_levels(beyond)
        if _is_split(parts, brightness, dark, bright):
            return np.asarray(brightness < (dark + bright) / 2)
        beyond = beyond[beyond < (dark + bright) / 2]
        if len(beyond) < LEAST_GROUND * len(known):
            break
    return none


def _is_split(
    parts: npt.NDArray[np.floating], brightness: npt.NDArray[np.floating], dark: float, bright: float
) -> bool:
    """Tell whether parts ``(n, pixels)`` are ground, about so dark, and sky, about so bright or brighter."""
    middle = (dark + bright) / 2
    ground, sky = brightness < middle, brightness >= middle
    count, total = np.count_nonzero(ground), np.count_nonzero(ground | sky)
    between = np.count_nonzero(abs(brightness - middle) < (bright - dark) / 4)
    if not LEAST_GROUND * total <= count <= MOST_GROUND * total or between > BETWEEN * count:
        return False
    starry = _starry(parts, 2 * bright - dark)
    share = float(starry[sky].mean())
    return share >= LEAST_STARRY and float(starry[ground].mean()) * STARRIER <= share


def _starry(parts: npt.NDArray[np.floating], beyond: float) -> npt.NDArray[np.bool_]:
    """Return which parts ``(n, pixels)`` have stars; many pixels that stand out, none beyond that, are an edge."""
    last = parts.shape[1] - 1
    ranks = last // 2, round((1 - EDGE_SHARE) * last), last
    level, high, most = np.partition(parts, ranks, axis=1)[:, ranks].T
    noise = -2 * MEAN_OFF_TO_SIGMA * np.minimum(parts - level[:, np.newaxis], 0).mean(axis=1)
    is_edge = (high > level + EDGE_SIGMA * noise) & (most < beyond)
    return np.asarray((most > level + STAR_SIGMA * noise) & ~is_edge)


def _two_levels(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return the means of the two groups ``(n,)`` sorted values fall apart into, as Otsu (1979) has it."""
    number, total = np.arange(1, len(values)), np.cumsum(values)
    means = total[:-1] / number, (total[-1] - total[:-1]) / (len(values) - number)
    split = int(np.argmax(number * (len(values) - number) * (means[1] - means[0]) ** 2))
    return float(means[0][split]), float(means[1][split])


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
        A view of fewer rows and columns: one of an odd number, to meet all photosites of a mosaic.
    """
    stride = max(1, math.isqrt(picture.shape[0] * picture.shape[1] // pixels)) | 1
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
