"""Makes calibrated frames of raw ones: masters chosen, folded and applied, bad pixels repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from indistack.calibrate.banding import remove_banding
from indistack.calibrate.base import CalibrateSettings, Chooser, MasterChoice, Masters
from indistack.calibrate.dead_area import dead_area
from indistack.calibrate.defects import DefectMaps, Mender
from indistack.calibrate.defects.evidence import IndexArray
from indistack.calibrate.defects.spots import mend_spots
from indistack.calibrate.fold import fold
from indistack.calibrate.pedestal import Pedestals
from indistack.calibrate.plan import Plan, make_plan
from indistack.calibrate.recipe import Recipe, recipe_for
from indistack.calibrate.rim import Rim, find_rim
from indistack.calibrate.scale import Scale
from indistack.calibrate.undershoot import find_undershoot
from indistack.errors import CalibrationError
from indistack.system.workers import Workers
from indistack.values.frame import BoolArray, CalibratedFrame, PixelArray, RawFrame

PLAN_BYTES = 250_000_000
"""Planes of all plans that are kept: one dark and flat of 24 MP, several of a small camera."""

MOST_DEAD = 0.75
"""Share of the pixels without data beyond which the rest of a frame is not worth its risk."""

MOSTLY = 0.99
"""Share of the pixels below zero that no light has, however weak: its noise lies on both sides."""

NONE = MasterChoice(Masters(), "none")

PlanKey = tuple[object, ...]


class Calibrator:
    """Turns raw frames into calibrated ones.

    The storage scale (`zero`, `step_adu`) is chosen by the first light of a kind and then kept, so that all subs of a
    stack share it.

    Parameters
    ----------
    settings : CalibrateSettings
        What to repair and whether to scale darks.
    chooser : Chooser
        Says which masters belong to a frame.
    workers : Workers
        The threads to use.
    maps : DefectMaps, optional
        Bad pixels of each camera, as learned on earlier nights.

    Attributes
    ----------
    enabled : bool
        Masters are applied.
    """

    def __init__(
        self, settings: CalibrateSettings, chooser: Chooser, workers: Workers, maps: DefectMaps | None = None
    ) -> None:
        self._settings = settings
        self._chooser = chooser
        self.enabled = settings.enabled
        self._workers = workers
        self._mender = Mender(settings, workers, maps or DefectMaps())
        self._plans: dict[PlanKey, Plan] = {}
        self._scales: dict[PlanKey, Scale] = {}
        self._pedestals = Pedestals()

    def calibrate(
        self,
        raw: RawFrame,
        mended: IndexArray | None = None,
        *,
        in_place: bool = False,
        with_masters: bool | None = None,
    ) -> CalibratedFrame:
        """Return the frame free of the camera's own pattern.

        CFA frames become uint16 planes, mono and RGB ones float32 in ADU. Pixels that are not a number take the
        frame's median and are marked bad.

        Parameters
        ----------
        raw : RawFrame
            The frame.
        mended : array, optional
            Take these pixels for bad, as when the frame was calibrated before, and learn nothing from it.
        in_place : bool
            Nobody needs the raw pixels any more: a uint16 CFA frame is calibrated where it is, if that can be written
            to. Otherwise they are not changed.
        with_masters : bool, optional
            Whether masters are applied; by default as `enabled` says.

        Returns
        -------
        CalibratedFrame
            A plane of its own, or the raw one where `in_place` let it be.

        Raises
        ------
        CalibrationError
            ``master_mismatch``: a master that the user named does not fit. ``torn``: hardly any pixel holds data.
        """
        choice = self._chooser.choose(raw) if (self.enabled if with_masters is None else with_masters) else NONE
        raw = self._pedestals.seen_in(raw, choice)
        recipe = recipe_for(choice.masters, raw.info, self._settings)
        plan = self._plan(raw, recipe, choice.key)
        dead, torn = _data_that_is_none(raw)
        pitch = 1 if raw.cfa is None else 2
        low = find_undershoot(raw, pitch)
        stored, all_numbers = fold(raw, plan, self._workers, in_place)
        bad = dead if all_numbers and dead is None else _fill(raw, stored, dead)
        if low is not None:
            low.fill(stored)
        if mended is None:
            repair = self._mender.mend(raw, stored, plan.bad, recipe.masters.dark is not None)
        else:
            repair = self._mender.mend_again(raw, stored, mended)
        if stored.ndim == 3 and self._settings.hot_pixels is not False:
            mend_spots(stored, self._workers)
        bad = _without_rim(raw, stored, pitch, _marked(bad, repair.hopeless, stored))
        self._level(stored, pitch)
        return CalibratedFrame(
            pixels=stored,
            cfa=raw.cfa,
            zero=plan.scale.zero,
            step_adu=plan.scale.step_adu,
            bad=bad,
            info=replace(raw.info, saturation_adu=plan.saturation_adu, black_adu=0.0),
            masters=recipe.lines(),
            warnings=(
                *raw.warnings,
                *torn,
                *choice.warnings,
                *recipe.warnings,
                *_too_bright(recipe, stored, plan.scale),
            ),
            set_aside=(*choice.set_aside, *recipe.set_aside),
            mended=np.sort(repair.all),
        )

    def memory(self) -> tuple[dict[str, Any], dict[str, PixelArray]]:
        """Return what was learned from the frames so far: plain values, and arrays that are not changed any more."""
        scales = [[*key, scale.zero, scale.step_adu] for key, scale in self._scales.items()]
        facts, arrays = self._mender.memory()
        return {"scales": scales, "pedestals": self._pedestals.memory(), "mender": facts}, arrays

    def remember(self, facts: Mapping[str, Any], arrays: Mapping[str, PixelArray]) -> None:
        """Go on as the calibrator would whose memory this is.

        Parameters
        ----------
        facts : mapping
            Plain values of `memory`.
        arrays : mapping
            Name -> array, as the memory gave them.
        """
        scales = {(tuple(shape), *key): Scale(zero, step_adu) for shape, *key, zero, step_adu in facts["scales"]}
        if any(scales.get(geometry) != scale for geometry, scale in self._scales.items()):
            self._plans.clear()  # else those that there are serve the same scales
        self._scales = scales
        self._pedestals.remember(facts.get("pedestals", ()))
        self._mender.remember(facts["mender"], arrays)

    def _plan(self, raw: RawFrame, recipe: Recipe, choice_key: str) -> Plan:
        """Return the planes for a frame; those used last are kept."""
        geometry = (raw.pixels.shape, raw.cfa, raw.pixels.dtype.str, choice_key)
        key = (*geometry, recipe.dark_ratio, recipe.level_adu(raw.info), raw.info.saturation_adu)
        plan = self._plans.pop(key, None)
        if plan is None:
            value_bytes = 4 if raw.cfa is None else 2
            self._make_room(value_bytes * raw.pixels.size * len(recipe.masters.present()))
            plan = make_plan(raw, recipe, self._settings, self._scales.get(geometry), self._workers)
            self._scales[geometry] = plan.scale
        self._plans[key] = plan
        return plan

    def _level(self, stored: PixelArray, pitch: int) -> None:
        """Take bands out of the plane, if that is wanted."""
        wanted = self._settings.banding
        if wanted == "off" or stored.ndim != 2:
            return
        for axis in ("rows", "columns"):
            if wanted in (axis, "both"):
                remove_banding(stored, pitch, axis, self._workers)

    def _make_room(self, wanted_bytes: int) -> None:
        while self._plans and sum(plan.n_bytes for plan in self._plans.values()) + wanted_bytes > PLAN_BYTES:
            del self._plans[next(iter(self._plans))]


def _too_bright(recipe: Recipe, stored: PixelArray, scale: Scale) -> tuple[str, ...]:
    """Return a warning where more was subtracted than the camera records: nearly all of one colour is below zero."""
    taken = recipe.masters.dark or recipe.masters.bias
    cells = [stored[j::2, i::2][::8, ::8] for j in (0, 1) for i in (0, 1)]
    if taken is None or max(float(np.mean(cell < scale.zero)) for cell in cells) <= MOSTLY:
        return ()
    return (f"{taken.describe()}: brighter than the frame itself",)


def _data_that_is_none(raw: RawFrame) -> tuple[BoolArray | None, tuple[str, ...]]:
    """Return which pixels of a light hold no data, and what is to be said of it."""
    dead = dead_area(raw.pixels) if raw.info.kind == "light" else None
    if dead is None:
        return None, ()
    share = float(dead.mean())
    if share > MOST_DEAD:
        raise CalibrationError("torn", f"{share:.0%} of the pixels hold one value and no data", {"dead": share})
    return dead, (f"{share:.1%} of the pixels hold one value and no data: they are left out",)


def _fill(raw: RawFrame, stored: PixelArray, dead: BoolArray | None) -> BoolArray:
    """Give pixels without data, or that are no number, the median of the others, in place; return where they are."""
    lost = np.zeros(raw.pixels.shape, bool) if raw.pixels.dtype.kind != "f" else ~np.isfinite(raw.pixels)
    if dead is not None:
        lost |= dead if lost.ndim == 2 else dead[..., np.newaxis]
    stored[lost] = np.median(stored[~lost][::97]) if not lost.all() else 0
    return np.asarray(lost.any(axis=2) if lost.ndim == 3 else lost)


def _without_rim(raw: RawFrame, stored: PixelArray, pitch: int, bad: BoolArray | None) -> BoolArray | None:
    """Fill the rim that the camera reads wrong, in place; return the bad pixels with it."""
    rim = find_rim(stored, pitch) if raw.info.kind == "light" else Rim()
    if not rim:
        return bad
    rim.fill(stored, pitch)
    marked = np.zeros(stored.shape[:2], bool) if bad is None else bad
    rim.mark(marked)
    return marked


def _marked(bad: BoolArray | None, index: IndexArray, plane: PixelArray) -> BoolArray | None:
    if not index.size:
        return bad
    marked = np.zeros(plane.shape, bool) if bad is None else bad
    marked.reshape(-1)[index] = True
    return marked
