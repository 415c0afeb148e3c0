"""The sky of each channel, in blocks spread over a frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from indistack.numerics.statistics import LOWER_SIGMA
from indistack.photometry.sky_blocks import block_centres, block_corners, block_side, block_values
from indistack.values.frame import CalibratedFrame, CfaPattern, DoubleArray, FloatArray

CLIP_SIGMA = 3.0


@dataclass(frozen=True, slots=True)
class SkyLevels:
    """The sky of a frame: levels ``(n, channels)`` float64 in ADU at places ``(n, 2)``; NaN where there is none."""

    xy: DoubleArray
    level_adu: DoubleArray


def measure_sky_levels(frame: CalibratedFrame) -> SkyLevels:
    """Measure the sky of each channel in blocks spread evenly over the frame; see `sky_levels`.

    Parameters
    ----------
    frame : CalibratedFrame
        CFA, mono or RGB; unchanged.

    Returns
    -------
    SkyLevels
        ``(n, channels)`` float64 ADU at ``(n, 2)`` px; NaN where a block is not wholly inside, or half of it is bad.
    """
    xy = block_centres(frame)
    return SkyLevels(xy, sky_levels(frame, xy))


@singledispatch
def sky_levels(frame: CalibratedFrame, xy: DoubleArray) -> DoubleArray:
    """Measure the sky of each channel in blocks around points; for frames that are elsewhere there may be another way.

    Parameters
    ----------
    frame : CalibratedFrame
        CFA, mono or RGB.
    xy : array
        ``(n, 2)``, px.

    Returns
    -------
    array
        ``(n, channels)`` float64, ADU: mean of what lies within 3 sigma of the block's median, sigma being taken from
        the lower side, which stars do not reach. NaN where a block is not wholly inside or half of it is bad.
    """
    side = block_side(frame)
    corner = block_corners(xy, side)
    inside = ((corner >= 0) & (corner + side <= (frame.width, frame.height))).all(axis=1)
    levels = np.full((len(xy), frame.channels), np.nan)
    if inside.any():
        values = block_values(frame, corner[inside], side)
        levels[inside] = np.stack([clipped_means(one) for one in _by_channel(values, frame.cfa)], axis=1)
    return (levels - frame.zero) * frame.step_adu


def _by_channel(values: FloatArray, cfa: CfaPattern | None) -> list[FloatArray]:
    """Blocks ``(n, channels, side, side)`` as the values of each colour, ``(n, m)``."""
    if cfa is None:
        return [values[:, channel].reshape(len(values), -1) for channel in range(values.shape[1])]
    phases = [values[:, 0, place // 2 :: 2, place % 2 :: 2].reshape(len(values), -1) for place in range(4)]
    return [
        np.concatenate([phase for phase, colour in zip(phases, cfa, strict=True) if colour == wanted], axis=1)
        for wanted in "RGB"
    ]


def clipped_means(values: FloatArray) -> DoubleArray:
    """Return a robust mean of each row; finer than a median where the sky has few different values.

    Parameters
    ----------
    values : array
        ``(n, m)`` float32; NaN where there is none; unchanged.

    Returns
    -------
    array
        ``(n,)`` float64, new: mean of what lies within 3 sigma of the median; NaN where less than half is a number.
    """
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = np.isfinite(ordered).sum(axis=1)
    every = np.arange(len(ordered))
    middle = ordered[every, count // 2]
    sigma = middle - ordered[every, (count * LOWER_SIGMA).astype(np.intp)]
    used = np.abs(ordered - middle[:, None]) <= CLIP_SIGMA * sigma[:, None]
    total = np.where(used, ordered, 0).sum(axis=1, dtype=np.float64)
    enough = 2 * count >= values.shape[1]
    means: DoubleArray = np.where(enough, total / np.maximum(used.sum(axis=1), 1), np.nan)
    return means
