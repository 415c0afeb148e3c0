"""Sky level and noise of one full-resolution pixel, from a few thousand samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.stars.background import clipped_levels, noise_of_bends
from indistack.values.frame import CalibratedFrame, FloatArray

BLOCK_PX = 32
BLOCKS_PER_SIDE = 16
BESIDE_PX = 4
SIZED = np.lib.stride_tricks.sliding_window_view
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sky:
    """Sky of a frame in the luminance that stars are measured in: green of CFA, mean of RGB.

    Attributes
    ----------
    level_adu, noise_adu : float
        Median over blocks of each block's median and robust standard deviation per pixel.
    step_adu : float
        Smallest difference between two different values: what the camera or the file resolves. 0 if all are equal.
    """

    level_adu: float
    noise_adu: float
    step_adu: float


def measure_sky(frame: CalibratedFrame) -> Sky:
    """Measure level and noise from blocks spread evenly over the frame; bad pixels are left out."""
    blocks = (_blocks(frame) - np.float32(frame.zero)) * np.float32(frame.step_adu)
    values = blocks.reshape(len(blocks), -1)
    count = np.isfinite(values).sum(axis=1)
    enough = 2 * count >= max(int(count.max(initial=0)), 1)
    if not enough.any():
        return Sky(0.0, 0.0, 0.0)
    ordered = np.sort(values[enough], axis=1)  # NaN goes last
    level, noise = clipped_levels(ordered, count[enough])
    step = _least_step(ordered)
    least = max(min(float(np.median(noise)), _noise_beside(blocks[enough])), step / 12**0.5)
    return Sky(float(np.median(level)), least, step)


def _noise_beside(blocks: FloatArray) -> float:
    """Noise from what differs between neighbours of one colour: no gradient counts. Infinite where it cannot be had."""
    if blocks.shape[2] <= 2 * BESIDE_PX:
        return float("inf")
    inner = blocks[:, :, BESIDE_PX:-BESIDE_PX]
    bends = inner - (blocks[:, :, : -2 * BESIDE_PX] + blocks[:, :, 2 * BESIDE_PX :]) / 2
    ordered = np.sort(bends.reshape(len(bends), -1), axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    if not count.any():
        return float("inf")
    return float(np.median(noise_of_bends(ordered[count > 0], count[count > 0])))


def _starts(length: int, side: int) -> IntArray:
    count = min(BLOCKS_PER_SIDE, max(1, length // side))
    places = (np.arange(count) + 0.5) * length / count - side / 2
    return np.maximum(places, 0).astype(np.intp) // 2 * 2


def _blocks(frame: CalibratedFrame) -> FloatArray:
    """Stored values of the blocks, ``(n, side, side)``; NaN where a photosite is not to be used or not green."""
    side = min(BLOCK_PX, frame.width, frame.height)
    grid = np.ix_(_starts(frame.height, side), _starts(frame.width, side))
    values = SIZED(frame.pixels, (side, side), axis=(0, 1))[grid].astype(np.float32)
    if frame.pixels.ndim == 3:
        values = values.mean(axis=2, dtype=np.float32)
    if frame.bad is not None:
        values[SIZED(frame.bad, (side, side))[grid]] = np.nan
    values[~np.isfinite(values)] = np.nan
    if frame.cfa is not None:
        values[:, :, np.indices((side, side)).sum(axis=0) % 2 != (0 if frame.cfa[0] == "G" else 1)] = np.nan
    return values.reshape(-1, side, side)


def _least_step(adu: FloatArray) -> float:
    values = np.unique(adu[:: max(1, len(adu) // 16)])
    steps = np.diff(values[np.isfinite(values)])
    return float(steps.min()) if len(steps) else 0.0
