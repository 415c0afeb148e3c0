"""Applies masters and repairs to raw frames, in strips that fit in the cache."""

from __future__ import annotations

import logging
from dataclasses import replace

import cv2
import numpy as np

from indistack.calibrate.base import CalibrateSettings, Master, Masters
from indistack.calibrate.colour import noise_of
from indistack.calibrate.defects import IndexArray, find_defects, plan_repair
from indistack.calibrate.match import doubts, exposure_ratio, require_fit
from indistack.calibrate.plan import Plan, make_plan, released
from indistack.errors import CalibrationError
from indistack.frame import BoolArray, CalibratedFrame, CfaPattern, FloatArray, FrameInfo, PixelArray, RawFrame
from indistack.tiles import Workers

_log = logging.getLogger(__name__)

STRIP_BYTES = 1_500_000
"""Of float32 pixels: 64 rows of a 24 MP frame, where this was fastest."""

Geometry = tuple[tuple[int, ...], CfaPattern | None]


class Calibrator:
    """Turns raw frames of one camera into calibrated ones.

    The storage scale (`zero`, `step_adu`) is chosen by the first light of a geometry and then kept, so that all subs of
    a stack share it. The masters are handed over: their memory is given back once they are folded in.

    Parameters
    ----------
    settings : CalibrateSettings
        What to repair and whether to scale darks.
    masters : Masters
        May be empty.
    workers : Workers
        The threads to use.
    """

    def __init__(self, settings: CalibrateSettings, masters: Masters, workers: Workers) -> None:
        self._settings = settings
        self._masters = masters
        self._workers = workers
        self._plans: dict[tuple[Geometry, str], tuple[float, Plan]] = {}
        self._released = False
        self._told: set[str] = set()

    def calibrate(self, raw: RawFrame) -> CalibratedFrame:
        """Return the frame free of the camera's own pattern; the raw pixels are never changed.

        CFA frames become uint16 planes, mono and RGB ones float32 in ADU. Pixels that are not a number take the
        frame's median and are marked bad. A uint16 CFA frame without masters and without defects is passed on as it
        is.

        Raises
        ------
        CalibrationError
            `master_mismatch`: a master is of another size, CFA or binning.
        """
        for master in self._all_masters():
            require_fit(master, raw)
        plan = self._plan(raw)
        stored = self._fold(raw, plan)
        bad = self._fill(raw, stored)
        if plan.repair is not None:
            plan.repair.apply(stored)
            bad = _marked(bad, plan.repair.hopeless, stored)
        if self._searches and stored.ndim == 2:
            stored, bad = self._repair_found(raw, stored, bad)
        info = replace(raw.info, saturation_adu=plan.saturation_adu, black_adu=0.0)
        scale = plan.scale
        return CalibratedFrame(stored, raw.cfa, scale.zero, scale.step_adu, bad, info, self._provenance(raw.info))

    @property
    def _searches(self) -> bool:
        wanted = self._settings.hot_pixels
        return self._masters.dark is None if wanted == "auto" else bool(wanted)

    def _all_masters(self) -> list[Master]:
        return [m for m in (self._masters.dark, self._masters.flat, self._masters.bias) if m is not None]

    def _plan(self, raw: RawFrame) -> Plan:
        masters = self._masters
        scaled = masters.dark is not None and masters.bias is not None and self._settings.scale_dark
        ratio = exposure_ratio(masters.dark, raw.info) if masters.dark is not None and scaled else 1.0
        key = ((raw.pixels.shape, raw.cfa), "" if self._all_masters() else raw.pixels.dtype.str)
        known = self._plans.get(key)
        if known is not None and known[0] == ratio:
            return known[1]
        if self._released:
            raise CalibrationError("master_mismatch", f"masters were folded for another CFA than {raw.cfa}")
        plan = make_plan(raw, masters, self._settings, known[1].scale if known else None, self._workers)
        self._plans[key] = (ratio, plan)
        if self._all_masters() and not scaled:
            self._masters = Masters(released(masters.dark), released(masters.flat), released(masters.bias))
            self._released = True
        return plan

    def _fold(self, raw: RawFrame, plan: Plan) -> PixelArray:
        """Return ``raw * gain + shift`` in the storage type; the raw pixels themselves where that changes nothing."""
        pixels = np.ascontiguousarray(raw.pixels)
        dtype, depth = (np.uint16, cv2.CV_16U) if raw.cfa is not None else (np.float32, cv2.CV_32F)
        gain, shift = plan.gain, plan.shift
        if pixels.dtype == dtype and not isinstance(shift, np.ndarray) and (gain, shift) == (1.0, 0.0):
            return pixels
        stored = np.empty(pixels.shape, dtype)

        def strip(rows: slice) -> None:
            source, target = _flat(pixels[rows]), _flat(stored[rows])
            if isinstance(gain, np.ndarray) and isinstance(shift, np.ndarray):
                room = target if depth == cv2.CV_32F else self._scratch(target.shape)
                product = cv2.multiply(source, _flat(gain[rows]), dst=room, dtype=cv2.CV_32F)
                cv2.add(product, _flat(shift[rows]), dst=target, dtype=depth)
            elif isinstance(shift, np.ndarray):
                cv2.addWeighted(source, float(gain), _flat(shift[rows]), 1.0, 0.0, dst=target, dtype=depth)
            else:
                cv2.addWeighted(source, float(gain), source, 0.0, shift, dst=target, dtype=depth)

        self._workers.strips(strip, len(stored), max(1, STRIP_BYTES // (4 * stored[0].size)))
        return stored

    def _scratch(self, shape: tuple[int, ...]) -> FloatArray:
        """Return this thread's float32 buffer."""
        local = self._workers.local
        buffer: FloatArray | None = getattr(local, "calibrate", None)
        if buffer is None or buffer.size < shape[0] * shape[1]:
            buffer = local.calibrate = np.empty(shape[0] * shape[1], np.float32)
        return buffer[: shape[0] * shape[1]].reshape(shape)

    def _fill(self, raw: RawFrame, stored: PixelArray) -> BoolArray | None:
        """Give pixels that are no number the median of the others, in place; return where they are."""
        if raw.pixels.dtype.kind != "f":
            return None
        lost = ~np.isfinite(raw.pixels)
        if not lost.any():
            return None
        middle = np.median(stored[~lost][::97]) if not lost.all() else 0
        stored[lost] = middle
        return np.asarray(lost.any(axis=2) if lost.ndim == 3 else lost)

    def _repair_found(
        self, raw: RawFrame, stored: PixelArray, bad: BoolArray | None
    ) -> tuple[PixelArray, BoolArray | None]:
        pitch = 1 if raw.cfa is None else 2
        found = find_defects(stored, pitch, noise_of(stored), self._settings.hot_sigma, self._workers)
        if not found.size:
            return stored, bad
        if stored is raw.pixels or np.shares_memory(stored, raw.pixels):
            stored = stored.copy()
        repair = plan_repair(found, len(stored), stored.shape[1], pitch)
        repair.apply(stored)
        return stored, _marked(bad, repair.hopeless, stored)

    def _provenance(self, info: FrameInfo) -> tuple[str, ...]:
        """Return which masters were applied and what is doubtful about them; a doubt is logged once."""
        masters = self._masters
        ratio = 1.0 if masters.dark is None else exposure_ratio(masters.dark, info)
        scaled = ratio != 1.0 and masters.bias is not None and self._settings.scale_dark
        idle = masters.bias if masters.dark is not None and not scaled else None  # the dark holds the bias already
        used = [master for master in self._all_masters() if master is not idle]
        lines = [master.describe() for master in used]
        warnings = [doubt for master in used for doubt in doubts(master, info)]
        if scaled:
            lines.append(f"dark scaled by {ratio:.4g}")
        elif ratio != 1.0:
            warnings.append(f"dark is not scaled, its exposure times {ratio:.4g} is the frame's")
        for warning in warnings:
            if warning not in self._told:
                _log.warning("calibration: %s", warning)
                self._told.add(warning)
        return (*lines, *(f"warning: {warning}" for warning in warnings))


def _flat(block: PixelArray) -> PixelArray:
    return block.reshape(len(block), -1)


def _marked(bad: BoolArray | None, index: IndexArray, plane: PixelArray) -> BoolArray | None:
    if not index.size:
        return bad
    marked = np.zeros(plane.shape, bool) if bad is None else bad
    marked.reshape(-1)[index] = True
    return marked
