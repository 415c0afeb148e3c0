"""Removes the offsets that a readout gives to whole rows or columns."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.system.workers import Workers
from indistack.values.frame import DoubleArray, FloatArray, PixelArray

BLOCKS = 32
"""Parts of a row that are looked at apart; the darker half of them is taken for sky."""
SAMPLES = 96
"""Pixels that each part's median is made of; the offset is then known to 0.04 sigma of a pixel."""
REACH = 24
"""Rows of the same colour on each side that show the background: wider bands cannot be told from the sky."""
GRADIENT_REACH = 8 * REACH
"""Rows at each border that tell how the background goes on beyond it."""
STRIP_ROWS = 64
GOLDEN = 0.6180339887498949
"""Its multiples are spread evenly over 0..1: rounded with them, integers keep the mean that a fraction would give."""


def remove_banding(plane: PixelArray, pitch: int, axis: str, workers: Workers) -> None:
    """Subtract from each row (or column) what it has more than those beside it, in place.

    Each colour by itself. The background is kept: only what differs from the running median of the neighbouring rows
    is taken away, as the median over the sky parts of the row sees it, so that what is bright in some places only
    leaves no stripe.

    Parameters
    ----------
    plane : array
        ``(h, w)`` uint16 or float32.
    pitch : int
        2 on a CFA, 1 on mono.
    axis : str
        ``"rows"`` or ``"columns"``.
    """
    offsets = band_offsets(plane if axis == "rows" else plane.T, pitch, workers)
    height, width = plane.shape
    dither = np.modf(np.arange(width) * GOLDEN)[0] - 0.5 if plane.dtype.kind == "u" else np.zeros(width)

    def strip(rows: slice) -> None:
        if axis == "rows":
            band = np.tile(offsets[rows], (1, -(-width // pitch)))[:, :width]
        else:
            band = offsets[:, np.arange(rows.start, rows.stop) % pitch].T
        shift = (dither - band).astype(np.float32)
        cv2.add(plane[rows], shift, dst=plane[rows], dtype=cv2.CV_16U if plane.dtype.kind == "u" else cv2.CV_32F)

    workers.strips(strip, height, STRIP_ROWS)


def band_offsets(plane: PixelArray, pitch: int, workers: Workers) -> DoubleArray:
    """Return the offset of each row, for each phase of its columns: ``(h, pitch)``, same unit as the plane."""
    parts = workers.strips(lambda rows: _block_medians(plane[rows], pitch), len(plane), STRIP_ROWS)
    medians = np.concatenate(parts)
    offsets = np.zeros((len(plane), pitch))
    for parity in range(pitch):
        offsets[parity::pitch] = _above_background(medians[parity::pitch])
    return offsets


def _above_background(medians: FloatArray) -> DoubleArray:
    background = _running_median(medians)
    n_sky = (medians.shape[2] + 1) // 2
    sky = np.argpartition(background, n_sky - 1, axis=2)[..., :n_sky]
    return np.asarray(np.median(np.take_along_axis(medians - background, sky, axis=2), axis=2))


def _block_medians(rows: PixelArray, pitch: int) -> FloatArray:
    """Return the medians of the parts of each row: ``(rows, pitch, blocks)``."""
    blocks = max(1, min(BLOCKS, rows.shape[1] // pitch // 8))
    side = rows.shape[1] // pitch // blocks
    step = max(1, side // SAMPLES)
    phases = []
    for phase in range(pitch):
        cells = rows[:, phase::pitch][:, : side * blocks].reshape(len(rows), blocks, side)
        phases.append(np.median(cells[..., ::step], axis=2))
    return np.stack(phases, axis=1).astype(np.float32)


def _running_median(medians: FloatArray) -> FloatArray:
    reach = min(REACH, (len(medians) - 1) // 2)
    if reach == 0:
        return medians
    padded = np.concatenate([_beyond(medians, reach)[::-1], medians, _beyond(medians[::-1], reach)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return np.asarray(np.median(windows, axis=3), np.float32)


def _beyond(medians: FloatArray, reach: int) -> FloatArray:
    """Return what the rows before the first would show: those after it, mirrored, with the gradient gone on."""
    half = min(GRADIENT_REACH, len(medians)) // 2
    slope = np.median(np.median(medians[half : 2 * half], axis=0) - np.median(medians[:half], axis=0), axis=1) / half
    distance = np.arange(1, reach + 1, dtype=np.float32)[:, np.newaxis, np.newaxis]
    return np.asarray(medians[1 : reach + 1] - 2 * distance * slope[:, np.newaxis], np.float32)
