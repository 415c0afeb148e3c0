"""The arithmetic of a plan on a plane, in strips that fit in the cache."""

from __future__ import annotations

import math

import cv2
import numpy as np

from indistack.calibrate.plan import Plan, Stepped
from indistack.system.workers import Workers
from indistack.values.frame import PixelArray, RawFrame

STRIP_BYTES = 1_500_000
"""Of float32 pixels: 64 rows of a 24 MP frame, where this was fastest."""


def fold(raw: RawFrame, plan: Plan, workers: Workers, in_place: bool) -> tuple[PixelArray, bool]:
    """Return ``raw * gain + shift + level`` (uint16 for CFA frames, else float32), and whether all are numbers.

    A plane of its own; with `in_place` the raw pixels', where these are of a uint16 CFA frame and not a map of memory
    that is only to be read.
    """
    pixels = np.ascontiguousarray(raw.pixels)
    in_place = in_place and raw.cfa is not None and pixels.dtype == np.uint16 and pixels.flags.writeable
    if in_place and plan.changes_nothing:
        return pixels, True
    stored = pixels if in_place else np.empty(pixels.shape, np.float32 if raw.cfa is None else np.uint16)

    def strip(rows: slice) -> bool:
        source, target = _flat(pixels[rows]), _flat(stored[rows])
        _fold(source, target, plan, rows, workers)
        if source.dtype.kind != "f":
            return True
        in_cache = target if target.dtype.kind == "f" else source
        return math.isfinite(cv2.sumElems(in_cache)[0])

    return stored, all(workers.strips(strip, len(stored), max(1, STRIP_BYTES // (4 * stored[0].size))))


def _fold(source: PixelArray, target: PixelArray, plan: Plan, rows: slice, workers: Workers) -> None:
    depth = cv2.CV_16U if target.dtype == np.uint16 else cv2.CV_32F
    factor = 1.0
    if isinstance(plan.gain, Stepped):
        room = target if depth == cv2.CV_32F else workers.scratch("fold", target.shape, np.float32)
        steps = _flat(plan.gain.plane[rows])
        source = cv2.multiply(source, steps, dst=room, scale=plan.gain.step, dtype=cv2.CV_32F)
    else:
        factor = plan.gain
    shift, step = (source, 0.0) if plan.shift is None else (_flat(plan.shift.plane[rows]), plan.shift.step)
    cv2.addWeighted(source, factor, shift, step, plan.level, dst=target, dtype=depth)


def _flat(block: PixelArray) -> PixelArray:
    return block.reshape(len(block), -1)
