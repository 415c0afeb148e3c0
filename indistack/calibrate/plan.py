"""Folds masters, units and storage scale into one multiplication and one addition per pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.calibrate.base import CalibrateSettings, Master
from indistack.calibrate.colour import levels_of, over_rows
from indistack.calibrate.defects.evidence import NONE, IndexArray
from indistack.calibrate.defects.search import hot_limit
from indistack.calibrate.recipe import Recipe
from indistack.calibrate.scale import DEAD_FLAT, TOP, Scale, choose_scale, saturation
from indistack.system.workers import Workers
from indistack.values.frame import FloatArray, PixelArray, RawFrame

STRIP_ROWS = 64
FINE_STEP = 1 / 16
"""The coarsest step in which a uint16 frame's shifts are kept, in stored units. Unlike that of a sub, this rounding is
the same for all subs and does not average out: 1.8 % of a stored unit (rms), which mostly is 0.6 % of a sub's noise."""
LEAST_STEP = 1e-6
"""Where all shifts are the same."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A number for every pixel: ``plane * step``.

    Attributes
    ----------
    plane : array
        Of the frame's shape; uint16, or float32 in steps of 1.
    step : float
        What one unit of it is.
    """

    plane: PixelArray
    step: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``stored = raw * gain + shift + level``, then the repairs.

    Attributes
    ----------
    gain : Stepped or float
        For each pixel, in 16 bits where the frame is CFA; or one number for all pixels.
    shift : Stepped or None
        The same, but that a range of shifts too wide for fine steps stays float32.
    level : float
        Added to all pixels.
    scale : Scale
        Meaning of the stored values.
    saturation_adu : float
        Level above which a calibrated pixel may be clipped.
    bad : array
        Flat indices of pixels that the masters show to be useless, sorted.
    """

    gain: Stepped | float
    shift: Stepped | None
    level: float
    scale: Scale
    saturation_adu: float
    bad: IndexArray

    @property
    def changes_nothing(self) -> bool:
        """Whether stored values are the raw ones."""
        return self.shift is None and self.gain == 1.0 and self.level == 0.0

    @property
    def n_bytes(self) -> int:
        """Memory of the planes."""
        planes = {id(each.plane): each.plane for each in (self.gain, self.shift) if isinstance(each, Stepped)}
        return sum(plane.nbytes for plane in planes.values())


def make_plan(
    raw: RawFrame, recipe: Recipe, settings: CalibrateSettings, scale: Scale | None, workers: Workers
) -> Plan:
    """Build the planes for frames like `raw`.

    Parameters
    ----------
    raw : RawFrame
        Gives shape, mosaic, exposure, and the noise that rounding must stay below; unchanged.
    scale : Scale or None
        The session's storage scale; None lets this frame choose it (uint16 for CFA, plain ADU else).
    """
    masters = recipe.masters
    offset = recipe.offset_adu(raw.info)
    flat = None if masters.flat is None else _normalised(masters.flat, raw, workers)
    if scale is None:
        scale = Scale() if raw.cfa is None else choose_scale(raw, offset, flat)
    bad = _bad_pixels(raw, masters.dark, flat, settings, workers)
    saturation_adu = saturation(raw, offset, flat, scale)
    gain = 1.0 / scale.step_adu if flat is None else _gain(flat, raw, scale, workers)
    del flat  # its memory (100 MB at 24 MP) is needed for what follows
    shift, level = _shift(offset, gain, bad, raw, scale, workers)
    return Plan(gain, shift, level, scale, saturation_adu, bad)


def _gain(flat: FloatArray, raw: RawFrame, scale: Scale, workers: Workers) -> Stepped:
    """Return what a flat multiplies with; 0 where it is blind."""
    if raw.cfa is None:
        return Stepped(_made(lambda rows: _inverse(flat[rows], scale.step_adu), np.float32, flat.shape, workers))
    step = _gain_step(flat, scale)
    plane = _made(lambda rows: np.rint(_inverse(flat[rows], scale.step_adu * step)), np.uint16, flat.shape, workers)
    return Stepped(plane, step)


def _inverse(flat: FloatArray, factor: float) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(flat > DEAD_FLAT, 1.0 / (flat * np.float32(factor)), np.float32(0.0))


def _gain_step(flat: FloatArray, scale: Scale) -> float:
    """Return the step in which a CFA frame's gains are kept: the darkest pixel that is used takes the whole of uint16.

    With vignetting to a third, rounding errs by 1.3e-5 of the gain in the middle (rms). A flat of 1e6 e- has a noise of
    1e-3. Half the memory of float32, and faster.
    """
    darkest = float(flat.min(initial=1.0, where=flat > DEAD_FLAT))
    return float(1.0 / (max(darkest, DEAD_FLAT) * scale.step_adu * TOP))


def _shift(
    offset: FloatArray | float, gain: Stepped | float, bad: IndexArray, raw: RawFrame, scale: Scale, workers: Workers
) -> tuple[Stepped | None, float]:
    """Return what is added to each pixel, and to all: the scale's zero less the offset after the gain."""
    if not isinstance(offset, np.ndarray):
        return _even_shift(offset, gain, scale)

    def exact(rows: slice) -> FloatArray:
        factor = gain.plane[rows] * np.float32(gain.step) if isinstance(gain, Stepped) else np.float32(gain)
        return np.asarray(-offset[rows] * factor, np.float32)

    if raw.cfa is not None:
        lowest, highest = _range(exact, bad, raw, workers)
        step = max((highest - lowest) / TOP, LEAST_STEP)
        if step <= FINE_STEP:
            plane = _made(lambda rows: _in_steps(exact(rows), lowest, step), np.uint16, offset.shape, workers)
            return Stepped(plane, step), scale.zero + lowest
    return Stepped(_made(exact, np.float32, offset.shape, workers)), scale.zero


def _even_shift(offset_adu: float, gain: Stepped | float, scale: Scale) -> tuple[Stepped | None, float]:
    """Return the same for one offset of all pixels: after a flat, a multiple of its gain."""
    if not isinstance(gain, Stepped):
        return None, scale.zero - offset_adu * gain
    return (Stepped(gain.plane, -offset_adu * gain.step) if offset_adu else None), scale.zero


def _range(
    values: Callable[[slice], FloatArray], bad: IndexArray, raw: RawFrame, workers: Workers
) -> tuple[float, float]:
    """Return the lowest and the highest value of the pixels that are not bad, which get their neighbours' instead."""

    def strip(rows: slice) -> tuple[float, float]:
        block = values(rows)
        first, last = np.searchsorted(bad, (rows.start * raw.width, rows.stop * raw.width))
        block.reshape(-1)[bad[first:last] - rows.start * raw.width] = np.nan
        return float(np.fmin.reduce(block, axis=None)), float(np.fmax.reduce(block, axis=None))

    lowest, highest = zip(*workers.strips(strip, raw.height, STRIP_ROWS), strict=True)
    return float(np.fmin.reduce(lowest)), float(np.fmax.reduce(highest))


def _in_steps(values: FloatArray, lowest: float, step: float) -> FloatArray:
    """Return values from `lowest` on in steps, whole and within uint16; 0 for what is no number."""
    steps = np.rint((values - np.float32(lowest)) / np.float32(step))
    return np.asarray(np.nan_to_num(np.clip(steps, 0, TOP), copy=False))


def _made(
    part: Callable[[slice], FloatArray], dtype: npt.DTypeLike, shape: tuple[int, ...], workers: Workers
) -> PixelArray:
    """Return a plane whose rows are made in strips."""
    plane = np.empty(shape, dtype)

    def strip(rows: slice) -> None:
        plane[rows] = part(rows)

    workers.strips(strip, len(plane), STRIP_ROWS)
    return plane


def _normalised(flat: Master, raw: RawFrame, workers: Workers) -> FloatArray:
    levels = np.maximum(levels_of(flat.pixels, raw.cfa), 1e-30).astype(np.float32)
    result = np.empty_like(flat.pixels)

    def strip(rows: slice) -> None:
        result[rows] = flat.pixels[rows] / over_rows(levels, rows, raw.width)

    workers.strips(strip, raw.height, STRIP_ROWS)
    return result


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
