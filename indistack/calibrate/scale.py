"""How calibrated uint16 planes store ADU: fine enough for the noise, wide enough for what clips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.calibrate.colour import noise_of
from indistack.values.frame import FloatArray, RawFrame

TOP = 65535
PEDESTAL, MAX_PEDESTAL = 1024, 16384
"""Limits of the stored value of 0 ADU in a uint16 plane that was subtracted or divided."""
ROUNDING = 0.1 * math.sqrt(12.0)
"""Step over noise at which rounding adds a tenth of the noise: the rounding error of a step is step / sqrt(12)."""
DEAD_FLAT = 0.05
"""A pixel below this fraction of the flat's level is blind."""
SAMPLE_ROWS = 16


@dataclass(frozen=True, slots=True)
class Scale:
    """How a uint16 plane stores ADU: ``stored = adu / step_adu + zero``."""

    zero: float = 0.0
    step_adu: float = 1.0


def choose_scale(raw: RawFrame, offset: FloatArray | float, flat: FloatArray | None) -> Scale:
    """Choose zero and step so that rounding adds less than a tenth of the noise and saturation still fits.

    Where both cannot be had the finer step wins, until half of the range would clip. Integer frames without masters
    keep their numbers, multiplied by a power of two where there is room and need.

    Parameters
    ----------
    raw : RawFrame
        A light; unchanged.
    offset : array or float
        What is subtracted, ADU.
    flat : array or None
        What is divided by, around 1.
    """
    sample = _sample(raw, offset, flat)
    noise = noise_of(sample)
    sigma = float(noise[noise > 0].min()) if (noise > 0).any() else 0.0
    top = _ceiling(raw)
    if flat is None and not isinstance(offset, np.ndarray) and raw.pixels.dtype.kind == "u":
        factor = 1
        while factor * 2 * top <= TOP and (raw.pixels.dtype.itemsize == 1 or factor * sigma < 1 / ROUNDING):
            factor *= 2
        return Scale(offset * factor, 1.0 / factor)
    fit = max(top - float(np.median(np.atleast_1d(offset)[::16])), 1e-6) / (TOP - 2 * PEDESTAL)
    step = min(max(ROUNDING * sigma, fit / 2), fit) if sigma > 0 else fit
    if flat is None and fit < 1.05 and ROUNDING * sigma >= 1.0 and step > 0.5:
        step = 1.0  # the camera's own steps: nothing is rounded twice
    lowest = float(np.nanpercentile(sample, 0.1)) if np.isfinite(sample).any() else 0.0
    below = math.ceil((10 * sigma - min(lowest, 0.0)) / step)
    return Scale(float(min(max(below, PEDESTAL), MAX_PEDESTAL)), step)


def _ceiling(raw: RawFrame) -> float:
    """Return the highest value that the raw frame may hold (ADU)."""
    if math.isfinite(raw.info.saturation_adu):
        return raw.info.saturation_adu
    if raw.pixels.dtype.kind == "u":
        return float(np.iinfo(raw.pixels.dtype).max)
    finite = raw.pixels[np.isfinite(raw.pixels)]
    return 2.0 * max(float(finite.max()), 1e-6) if finite.size else 1.0


def saturation(raw: RawFrame, offset: FloatArray | float, flat: FloatArray | None, scale: Scale) -> float:
    """Return the lowest level (first percentile over the frame) at which a calibrated pixel may be clipped.

    Parameters
    ----------
    raw : RawFrame
        A light; only its facts count.
    offset : array or float
        What is subtracted, ADU.
    flat : array or None
        What is divided by, around 1.
    scale : Scale
        In which the calibrated pixels are stored.

    Returns
    -------
    float
        ADU; inf where nobody knows.
    """
    room = (TOP - scale.zero) * scale.step_adu if raw.cfa is not None else math.inf
    said = raw.info.saturation_adu
    if not math.isfinite(said):
        return room
    thin = (slice(None, None, 16),) * 2
    clipped = said - (offset[thin] if isinstance(offset, np.ndarray) else np.float32(offset))
    if flat is not None:
        clipped = clipped / np.maximum(flat[thin], DEAD_FLAT)
    return min(float(np.nanpercentile(clipped, 1.0)), room)


def _sample(raw: RawFrame, offset: FloatArray | float, flat: FloatArray | None) -> FloatArray:
    """Return some calibrated rows (ADU), in blocks that keep the CFA's phase."""
    tops = range(0, max(1, raw.height - SAMPLE_ROWS), max(SAMPLE_ROWS, raw.height // 16 // 2 * 2))
    blocks = []
    for top in tops:
        rows = slice(top, min(top + SAMPLE_ROWS, raw.height // 2 * 2))
        block = raw.pixels[rows].astype(np.float32) - _rows(offset, rows)
        blocks.append(block if flat is None else block / np.maximum(flat[rows], DEAD_FLAT))
    sample: FloatArray = np.concatenate(blocks)
    return sample


def _rows(plane: FloatArray | float, rows: slice) -> FloatArray | float:
    return plane[rows] if isinstance(plane, np.ndarray) else plane
