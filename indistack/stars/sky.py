"""Sky level and noise of one full-resolution pixel, from a few thousand samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.frame import CalibratedFrame, FloatArray
from indistack.stars.background import clipped_levels

BLOCK_PX = 32
BLOCKS_PER_SIDE = 16
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
    stored = _blocks(frame)
    adu = np.sort((stored - np.float32(frame.zero)) * np.float32(frame.step_adu), axis=1)  # NaN goes last
    count = np.isfinite(adu).sum(axis=1)
    enough = 2 * count >= adu.shape[1]
    if not enough.any():
        return Sky(0.0, 0.0, 0.0)
    level, noise = clipped_levels(adu[enough], count[enough])
    step = _least_step(adu[enough])
    return Sky(float(np.median(level)), max(float(np.median(noise)), step / 12**0.5), step)


def _starts(length: int, side: int) -> IntArray:
    count = min(BLOCKS_PER_SIDE, max(1, length // side))
    places = (np.arange(count) + 0.5) * length / count - side / 2
    return np.maximum(places, 0).astype(np.intp) // 2 * 2


def _blocks(frame: CalibratedFrame) -> FloatArray:
    """Stored values of the blocks' photosites, a row for each block; NaN where they are not to be used."""
    side = min(BLOCK_PX, frame.width, frame.height)
    grid = np.ix_(_starts(frame.height, side), _starts(frame.width, side))
    values = SIZED(frame.pixels, (side, side), axis=(0, 1))[grid].astype(np.float32)
    if frame.pixels.ndim == 3:
        values = values.mean(axis=2, dtype=np.float32)
    if frame.bad is not None:
        values[SIZED(frame.bad, (side, side))[grid]] = np.nan
    values[~np.isfinite(values)] = np.nan
    sites = np.ones((side, side), bool)
    if frame.cfa is not None:
        sites = np.indices((side, side)).sum(axis=0) % 2 == (0 if frame.cfa[0] == "G" else 1)
    blocks: FloatArray = values[:, :, sites].reshape(-1, int(sites.sum()))
    return blocks


def _least_step(adu: FloatArray) -> float:
    values = np.unique(adu[:: max(1, len(adu) // 16)])
    steps = np.diff(values[np.isfinite(values)])
    return float(steps.min()) if len(steps) else 0.0
