"""The arithmetic of a plan on a plane, in strips that fit in the cache."""

from __future__ import annotations

import math

import cv2
import numpy as np

from indistack.calibrate.plan import Plan
from indistack.calibrate.planes import Planes
from indistack.frame import PixelArray, RawFrame
from indistack.workers import Workers

STRIP_BYTES = 1_500_000
"""Of float32 pixels: 64 rows of a 24 MP frame, where this was fastest."""


def fold(raw: RawFrame, plan: Plan, planes: Planes, workers: Workers) -> tuple[PixelArray, bool]:
    """Return ``raw * gain * gain_step + shift`` (uint16 for CFA frames, else float32), and whether all are numbers.

    A plane of its own, or the raw pixels themselves where nothing would change.
    """
    pixels = np.ascontiguousarray(raw.pixels)
    dtype = np.uint16 if raw.cfa is not None else np.float32
    if pixels.dtype == np.uint16 and raw.cfa is not None and plan.changes_nothing:
        return pixels, True
    stored = planes.take(pixels.shape, dtype)

    def strip(rows: slice) -> bool:
        source, target = _flat(pixels[rows]), _flat(stored[rows])
        _fold(source, target, plan, rows, workers)
        if source.dtype.kind != "f":
            return True
        in_cache = target if target.dtype.kind == "f" else source
        return math.isfinite(cv2.sumElems(in_cache)[0])

    return stored, all(workers.strips(strip, len(stored), max(1, STRIP_BYTES // (4 * stored[0].size))))


def _fold(source: PixelArray, target: PixelArray, plan: Plan, rows: slice, workers: Workers) -> None:
    gain, shift = plan.gain, plan.shift
    depth = cv2.CV_16U if target.dtype == np.uint16 else cv2.CV_32F
    if isinstance(gain, np.ndarray) and isinstance(shift, np.ndarray):
        room = target if depth == cv2.CV_32F else workers.scratch("fold", target.shape, np.float32)
        product = cv2.multiply(source, _flat(gain[rows]), dst=room, scale=plan.gain_step, dtype=cv2.CV_32F)
        cv2.add(product, _flat(shift[rows]), dst=target, dtype=depth)
    elif isinstance(shift, np.ndarray):
        cv2.addWeighted(source, float(gain), _flat(shift[rows]), 1.0, 0.0, dst=target, dtype=depth)
    else:
        cv2.addWeighted(source, float(gain), source, 0.0, shift, dst=target, dtype=depth)


def _flat(block: PixelArray) -> PixelArray:
    return block.reshape(len(block), -1)
