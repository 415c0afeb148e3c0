"""Sky level and noise of one full-resolution pixel, from a few thousand samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.photometry.sky_blocks import block_centres, block_corners, block_side, block_values
from indistack.stars.background import clipped_levels, noise_of_bends
from indistack.values.frame import CalibratedFrame, FloatArray

BESIDE_PX = 4


@dataclass(frozen=True, slots=True)
class LuminanceSky:
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


def measure_sky(frame: CalibratedFrame) -> LuminanceSky:
    """Measure level and noise from blocks spread evenly over the frame.

    Parameters
    ----------
    frame : CalibratedFrame
        CFA (its green), mono or RGB (the mean of its colours); unchanged. Photosites that are bad or no number are
        left out, and blocks with less than half as many good ones as the best.

    Returns
    -------
    LuminanceSky
        In ADU; all 0 where no photosite is good.
    """
    blocks = (_blocks(frame) - np.float32(frame.zero)) * np.float32(frame.step_adu)
    values = blocks.reshape(len(blocks), -1)
    count = np.isfinite(values).sum(axis=1)
    enough = 2 * count >= max(int(count.max(initial=0)), 1)
    if not enough.any():
        return LuminanceSky(0.0, 0.0, 0.0)
    ordered = np.sort(values[enough], axis=1)  # NaN goes last
    level, noise = clipped_levels(ordered, count[enough])
    step = _least_step(ordered)
    least = max(min(float(np.median(noise)), _noise_beside(blocks[enough])), step / 12**0.5)
    return LuminanceSky(float(np.median(level)), least, step)


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


def _blocks(frame: CalibratedFrame) -> FloatArray:
    """Stored values of the blocks, ``(n, side, side)``; NaN where a photosite is not to be used or not green."""
    side = block_side(frame)
    values = block_values(frame, block_corners(block_centres(frame), side), side)
    luminance: FloatArray = values.mean(axis=1, dtype=np.float32)
    if frame.cfa is not None:
        luminance[:, np.indices((side, side)).sum(axis=0) % 2 != (0 if frame.cfa[0] == "G" else 1)] = np.nan
    return luminance


def _least_step(adu: FloatArray) -> float:
    values = np.unique(adu[:: max(1, len(adu) // 16)])
    steps = np.diff(values[np.isfinite(values)])
    return float(steps.min()) if len(steps) else 0.0
