"""The 2x2-binned luminance of a frame, and the smoothed copy in which stars are looked for."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FloatArray, PixelArray

IntArray = npt.NDArray[np.intp]

STRIP_ROWS = 64
"""Binned rows per piece of work: its temporaries stay in the processor's cache."""

SMOOTH_SIGMA_PX = 0.85
"""Gaussian of the matched filter (binned px): a FWHM of 4 px at full resolution, the middle of what cameras give."""

SMOOTH_SIDE_PX = 5
MEAN_OF_CHANNELS = np.full((1, 3), 1 / 3, np.float32)


def bin_into(luminance: FloatArray, frame: CalibratedFrame, workers: Workers) -> None:
    """Average each 2x2 cell of a frame.

    Parameters
    ----------
    luminance : array
        ``(height // 2, width // 2)`` float32; receives, in ADU, the mean of the four photosites (CFA:
        (R + 2 G + B) / 4) and of the channels. A cell with a bad pixel, or one that is not finite, takes the mean
        of its good neighbours, or the frame's median if it has none.
    frame : CalibratedFrame
        CFA, mono or RGB.
    workers : Workers
        Threads to use.
    """
    height, width = luminance.shape

    def work(rows: slice) -> IntArray:
        out = luminance[rows]
        _bin(frame.pixels[2 * rows.start : 2 * rows.stop, : 2 * width], out)
        out -= np.float32(frame.zero)
        out *= np.float32(frame.step_adu)
        return _holes(out, frame, rows)

    holes = np.concatenate(workers.strips(work, height, STRIP_ROWS)).astype(np.intp)
    if len(holes):
        _fill(luminance, holes)


def _bin(source: PixelArray, out: FloatArray) -> None:
    if source.dtype not in (np.uint8, np.uint16, np.float32):
        source = source.astype(np.float32)
    half = cv2.resize(source, (out.shape[1], out.shape[0]), interpolation=cv2.INTER_AREA)
    if source.ndim == 3:
        cv2.transform(half, MEAN_OF_CHANNELS, dst=out)
    else:
        np.copyto(out, half.reshape(out.shape), casting="unsafe")


def _holes(out: FloatArray, frame: CalibratedFrame, rows: slice) -> IntArray:
    """Flat indices, in the plane, of the strip's cells that hold no value."""
    width = out.shape[1]
    missing: IntArray = np.zeros(0, np.intp)
    if not np.isfinite(out.sum()):
        missing = np.flatnonzero(~np.isfinite(out))
    if frame.bad is not None:
        y, x = np.nonzero(frame.bad[2 * rows.start : 2 * rows.stop, : 2 * width])
        missing = np.union1d(missing, (y // 2) * width + x // 2)
    cells: IntArray = missing + rows.start * width
    return cells


def _fill(luminance: FloatArray, holes: IntArray) -> None:
    """Give each hole the mean of its good neighbours."""
    height, width = luminance.shape
    luminance.reshape(-1)[holes] = np.nan
    y, x = np.divmod(holes, width)
    total, count = np.zeros(len(holes)), np.zeros(len(holes))
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        near = luminance[np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)]
        good = np.isfinite(near)
        total += np.where(good, near, 0)
        count += good
    sample = luminance[::4, ::4]
    rest = sample[np.isfinite(sample)]
    fallback = float(np.median(rest)) if len(rest) else 0.0
    luminance.reshape(-1)[holes] = np.where(count > 0, total / np.maximum(count, 1), fallback)


def smooth_into(out: FloatArray, luminance: FloatArray, workers: Workers) -> None:
    """Filter the luminance with a small Gaussian, which is nearly the best filter for stars in white noise.

    Parameters
    ----------
    out : array
        ``(h, w)`` float32; filled in place.
    luminance : array
        ``(h, w)`` float32, finite; unchanged.
    workers : Workers
        The threads.
    """
    height = luminance.shape[0]
    halo = SMOOTH_SIDE_PX // 2
    side = (SMOOTH_SIDE_PX, SMOOTH_SIDE_PX)

    def work(rows: slice) -> None:
        top = max(rows.start - halo, 0)
        piece = cv2.GaussianBlur(luminance[top : rows.stop + halo], side, SMOOTH_SIGMA_PX)
        out[rows] = piece[rows.start - top : rows.stop - top]

    workers.strips(work, height, STRIP_ROWS)
