"""Folds masters, units and storage scale into one multiplication and one addition per pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.calibrate.base import CalibrateSettings, Master
from indistack.calibrate.colour import levels_of, noise_of, over_rows
from indistack.calibrate.defects.evidence import NONE, IndexArray
from indistack.calibrate.defects.search import hot_limit
from indistack.calibrate.recipe import Recipe
from indistack.frame import FloatArray, PixelArray, RawFrame
from indistack.workers import Workers

TOP = 65535
PEDESTAL, MAX_PEDESTAL = 1024, 16384
"""Limits of the stored value of 0 ADU in a uint16 plane that was subtracted or divided."""
ROUNDING = 0.1 * math.sqrt(12.0)
"""Step over noise at which rounding adds a tenth of the noise: the rounding error of a step is step / sqrt(12)."""
DEAD_FLAT = 0.05
"""A pixel below this fraction of the flat's level is blind."""
SAMPLE_ROWS = 16
STRIP_ROWS = 64
FULL_GAIN = 65535


@dataclass(frozen=True, slots=True)
class Scale:
    """How a uint16 plane stores ADU: ``stored = adu / step_adu + zero``."""

    zero: float = 0.0
    step_adu: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``stored = raw * gain * gain_step + shift``, then the repairs.

    Attributes
    ----------
    gain : array or float
        A plane of the frame's shape, uint16 where the frame is CFA, else float32; or one number for all pixels.
    shift : array or float
        A float32 plane, or one number.
    scale : Scale
        Meaning of the stored values.
    saturation_adu : float
        Level above which a calibrated pixel may be clipped.
    bad : array
        Flat indices of pixels that the masters show to be useless, sorted.
    """

    gain: PixelArray | float
    shift: FloatArray | float
    scale: Scale
    saturation_adu: float
    bad: IndexArray
    gain_step: float = 1.0

    @property
    def changes_nothing(self) -> bool:
        """Whether stored values are the raw ones."""
        return not isinstance(self.shift, np.ndarray) and (self.gain, self.shift) == (1.0, 0.0)

    @property
    def n_bytes(self) -> int:
        """Memory of the planes."""
        return sum(plane.nbytes for plane in (self.gain, self.shift) if isinstance(plane, np.ndarray))


def make_plan(
    raw: RawFrame, recipe: Recipe, settings: CalibrateSettings, scale: Scale | None, workers: Workers
) -> Plan:
    """Build the planes for frames like `raw`.

    Parameters
    ----------
    scale : Scale or None
        The session's storage scale; None lets this frame choose it (uint16 for CFA, plain ADU else).
    """
    masters = recipe.masters
    offset = recipe.offset_adu(raw.info)
    flat = None if masters.flat is None else _normalised(masters.flat, raw, workers)
    if scale is None:
        scale = Scale() if raw.cfa is None else _choose_scale(raw, offset, flat)
    bad = _bad_pixels(raw, masters.dark, flat, settings, workers)
    saturation_adu = _saturation(raw, offset, flat, scale)
    if flat is None:
        shift = _whole(scale.zero - np.asarray(offset, np.float32) / np.float32(scale.step_adu))
        return Plan(1.0 / scale.step_adu, shift, scale, saturation_adu, bad)
    gain = np.empty(flat.shape, np.float32 if raw.cfa is None else np.uint16)
    gain_step = 1.0 if raw.cfa is None else _gain_step(flat, scale)
    shift = flat  # the flat's memory becomes the shift's

    def strip(rows: slice) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / (flat[rows] * np.float32(scale.step_adu))
        steps = np.where(flat[rows] > DEAD_FLAT, inverse, 0.0) / np.float32(gain_step)
        gain[rows] = steps if raw.cfa is None else np.rint(steps)
        shift[rows] = scale.zero - _rows(offset, rows) * (gain[rows] * np.float32(gain_step))

    workers.strips(strip, raw.height, STRIP_ROWS)
    return Plan(gain, shift, scale, saturation_adu, bad, gain_step)


def _gain_step(flat: FloatArray, scale: Scale) -> float:
    """Return the step in which a CFA frame's gains are kept: the darkest pixel that is used takes the whole of uint16.

    With vignetting to a third, rounding errs by 1.3e-5 of the gain in the middle (rms). A flat of 1e6 e- has a noise of
    1e-3. Half the memory of float32, and faster.
    """
    darkest = float(flat.min(initial=1.0, where=flat > DEAD_FLAT))
    return float(1.0 / (max(darkest, DEAD_FLAT) * scale.step_adu * FULL_GAIN))


def _whole(shift: FloatArray) -> FloatArray | float:
    return float(shift) if shift.ndim == 0 else shift


def _rows(plane: FloatArray | float, rows: slice) -> FloatArray | float:
    return plane[rows] if isinstance(plane, np.ndarray) else plane


def _normalised(flat: Master, raw: RawFrame, workers: Workers) -> FloatArray:
    levels = np.maximum(levels_of(flat.pixels, raw.cfa), 1e-30).astype(np.float32)
    result = np.empty_like(flat.pixels)

    def strip(rows: slice) -> None:
        result[rows] = flat.pixels[rows] / over_rows(levels, rows, raw.width)

    workers.strips(strip, raw.height, STRIP_ROWS)
    return result


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


def _choose_scale(raw: RawFrame, offset: FloatArray | float, flat: FloatArray | None) -> Scale:
    """Choose zero and step so that rounding adds less than a tenth of the noise and saturation still fits.

    Where both cannot be had the finer step wins, until half of the range would clip. Integer frames without masters
    keep their numbers, multiplied by a power of two where there is room and need.
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


def _saturation(raw: RawFrame, offset: FloatArray | float, flat: FloatArray | None, scale: Scale) -> float:
    """Return the lowest level (first percentile over the frame) at which a calibrated pixel may be clipped."""
    room = (TOP - scale.zero) * scale.step_adu if raw.cfa is not None else math.inf
    said = raw.info.saturation_adu
    if not math.isfinite(said):
        return room
    thin = (slice(None, None, 16),) * 2
    clipped = said - (offset[thin] if isinstance(offset, np.ndarray) else np.float32(offset))
    if flat is not None:
        clipped = clipped / np.maximum(flat[thin], DEAD_FLAT)
    return min(float(np.nanpercentile(clipped, 1.0)), room)


def _bad_pixels(
    raw: RawFrame, dark: Master | None, flat: FloatArray | None, settings: CalibrateSettings, workers: Workers
) -> IndexArray:
    """Return the pixels that are hot in the dark, blind in the flat, or no number in either."""
    if raw.pixels.ndim == 3 or (dark is None and flat is None):
        return NONE
    limit = math.inf if dark is None else hot_limit(dark.pixels, settings.dark_hot_sigma, raw.info.saturation_adu)

    def strip(rows: slice) -> IndexArray:
        sound = np.ones((rows.stop - rows.start, raw.width), bool)
        if dark is not None:
            sound &= dark.pixels[rows] <= limit
        if flat is not None:
            sound &= flat[rows] > DEAD_FLAT
        return np.asarray(np.flatnonzero(~sound) + rows.start * raw.width)

    return np.concatenate(workers.strips(strip, raw.height, STRIP_ROWS))
