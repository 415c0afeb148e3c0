"""Blocks of a frame, spread evenly over it, in which its sky is measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.values.frame import CalibratedFrame, DoubleArray, FloatArray

BLOCK_PX = 32
BLOCKS_PER_SIDE = 16
"""256 photosites of the rarer colours in each block tell a frame's level to 1 % of its noise."""

SIZED = np.lib.stride_tricks.sliding_window_view
IntArray = npt.NDArray[np.intp]


def block_side(frame: CalibratedFrame) -> int:
    """Return the side of a block (px), even, so that each has as much of every colour of a CFA.

    Parameters
    ----------
    frame : CalibratedFrame
        Only its size counts.
    """
    return min(BLOCK_PX, frame.width & ~1, frame.height & ~1)


def block_centres(frame: CalibratedFrame) -> DoubleArray:
    """Return the centres of blocks that do not overlap, ``(n, 2)`` px, row by row."""
    grid = np.meshgrid(_centres(frame.width), _centres(frame.height))
    return np.stack(grid, axis=-1).reshape(-1, 2)


def _centres(length: int) -> DoubleArray:
    count = min(BLOCKS_PER_SIDE, max(1, length // BLOCK_PX))
    return (np.arange(count) + 0.5) * length / count - 0.5


def block_corners(xy: DoubleArray, side: int) -> IntArray:
    """Return the first pixel of blocks around points ``(n, 2)``: even, the same colour of a CFA for all of them."""
    corners: IntArray = np.floor((xy - side / 2 + 0.5) / 2).astype(np.intp) * 2
    return corners


def block_values(frame: CalibratedFrame, corners: IntArray, side: int) -> FloatArray:
    """Return what a frame has stored in blocks.

    Parameters
    ----------
    frame : CalibratedFrame
        CFA, mono or RGB; unchanged.
    corners : array
        ``(n, 2)``, the first pixel of each block, which lies wholly inside.
    side : int
        Of a block (px).

    Returns
    -------
    array
        ``(n, channels, side, side)`` float32, new, in stored units; a CFA has one channel. NaN where a pixel is bad or
        not finite.
    """
    left, top = corners.T
    if frame.pixels.ndim == 3:
        values: FloatArray = SIZED(frame.pixels, (side, side), axis=(0, 1))[top, left].astype(np.float32)
    else:
        values = SIZED(frame.pixels, (side, side))[top, left].astype(np.float32)[:, np.newaxis]
    if frame.bad is not None:
        values[np.broadcast_to(SIZED(frame.bad, (side, side))[top, left][:, np.newaxis], values.shape)] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values
