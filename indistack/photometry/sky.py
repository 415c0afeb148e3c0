"""The sky of each channel, in blocks spread over a frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import LOWER_SIGMA
from indistack.values.frame import CalibratedFrame, DoubleArray, FloatArray

BLOCK_PX = 32
BLOCKS_PER_SIDE = 16
"""256 photosites of the rarer colours in each block tell a frame's level to 1 % of its noise."""

CLIP_SIGMA = 3.0

SIZED = np.lib.stride_tricks.sliding_window_view
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sky:
    """The sky of a frame: levels ``(n, channels)`` float64 in ADU at places ``(n, 2)``; NaN where there is none."""

    xy: DoubleArray
    level_adu: DoubleArray


def measure_sky(frame: CalibratedFrame) -> Sky:
    """Measure the sky in blocks spread evenly over the frame."""
    grid = np.meshgrid(_centres(frame.width), _centres(frame.height))
    xy = np.stack(grid, axis=-1).reshape(-1, 2)
    return Sky(xy, sky_levels(frame, xy))


def _centres(length: int) -> DoubleArray:
    count = min(BLOCKS_PER_SIDE, max(1, length // BLOCK_PX))
    return (np.arange(count) + 0.5) * length / count - 0.5


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
    side = min(BLOCK_PX, frame.width & ~1, frame.height & ~1)
    corner = np.floor((xy - side / 2 + 0.5) / 2).astype(np.intp) * 2
    inside = ((corner >= 0) & (corner + side <= (frame.width, frame.height))).all(axis=1)
    levels = np.full((len(xy), frame.channels), np.nan)
    if inside.any():
        left, top = corner[inside].T
        levels[inside] = np.stack([_clipped_means(values) for values in _channels(frame, left, top, side)], axis=1)
    return (levels - frame.zero) * frame.step_adu


def _channels(frame: CalibratedFrame, left: IntArray, top: IntArray, side: int) -> list[FloatArray]:
    """Stored values of each channel, ``(blocks, m)``; NaN where a photosite is not to be used."""
    if frame.pixels.ndim == 3:
        values = SIZED(frame.pixels, (side, side), axis=(0, 1))[top, left].astype(np.float32)
    else:
        values = SIZED(frame.pixels, (side, side))[top, left].astype(np.float32)[:, np.newaxis]
    if frame.bad is not None:
        values[np.broadcast_to(SIZED(frame.bad, (side, side))[top, left][:, np.newaxis], values.shape)] = np.nan
    if frame.cfa is None:
        return [values[:, channel].reshape(len(values), -1) for channel in range(values.shape[1])]
    phases = [values[:, 0, place // 2 :: 2, place % 2 :: 2].reshape(len(values), -1) for place in range(4)]
    return [
        np.concatenate([phase for phase, colour in zip(phases, frame.cfa, strict=True) if colour == wanted], axis=1)
        for wanted in "RGB"
    ]


def _clipped_means(values: FloatArray) -> DoubleArray:
    """Robust mean of each row; finer than a median where the sky has few different values."""
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
