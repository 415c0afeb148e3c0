"""Repairs what masters, earlier subs and the sub itself show to be bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from indistack.calibrate.base import CalibrateSettings
from indistack.calibrate.colour import noise_of
from indistack.calibrate.defects.evidence import NONE, IndexArray
from indistack.calibrate.defects.learned import LOOKS, DefectMap
from indistack.calibrate.defects.maps import DefectMaps
from indistack.calibrate.defects.repair import Repair, plan_repair
from indistack.calibrate.defects.search import LEAST_SIDE_PX
from indistack.system.workers import Workers
from indistack.values.frame import PixelArray, RawFrame

RARELY = {False: 8, True: 4}
"""Without a dark, the first `LOOKS` subs are all searched and then every 8th; with one, every 4th."""

NOTHING = Repair(NONE, np.empty((4, 0), np.intp), NONE)


class Mender:
    """Replaces bad pixels.

    Parameters
    ----------
    settings : CalibrateSettings
        Whether and how to search.
    workers : Workers
        The threads to use.
    maps : DefectMaps
        What is known of the sensors, and learned.
    """

    def __init__(self, settings: CalibrateSettings, workers: Workers, maps: DefectMaps) -> None:
        self._settings = settings
        self._workers = workers
        self._maps = maps
        self._known: tuple[IndexArray, IndexArray, Repair] | None = None
        self._subs = 0

    def mend(self, raw: RawFrame, stored: PixelArray, bad: IndexArray, has_dark: bool) -> Repair:
        """Replace a plane's bad pixels in place; return what was done.

        Parameters
        ----------
        raw : RawFrame
            Where the plane came from; its pixels are not looked at.
        stored : array
            The plane.
        bad : array
            What the masters show, sorted.
        has_dark : bool
            Then hot pixels are searched for less often.
        """
        if stored.ndim != 2:
            return NOTHING
        learned = self._maps.of(raw) if self._settings.hot_pixels is not False else None
        repair = self._repair(raw, bad, NONE if learned is None else learned.pixels)
        looks = learned is not None and self._is_due(stored, learned, has_dark)
        if looks and learned is not None:
            return self._look(raw, stored, bad, learned, repair)
        repair.apply(stored)
        return repair

    def mend_again(self, raw: RawFrame, stored: PixelArray, bad: IndexArray) -> Repair:
        """Replace just these pixels in place, and learn nothing; return what was done.

        Parameters
        ----------
        raw : RawFrame
            Only its facts and shape count.
        stored : array
            ``(h, w)`` contiguous; changed in place.
        bad : array
            ``(n,)`` intp, flat indices of the pixels.
        """
        repair = _planned(raw, bad)
        repair.apply(stored)
        return repair

    def memory(self) -> tuple[dict[str, Any], dict[str, PixelArray]]:
        """Return what was learned: plain values, and arrays that are not changed any more."""
        facts, arrays = self._maps.memory()
        return {"subs": self._subs, "maps": facts}, arrays

    def remember(self, facts: Mapping[str, Any], arrays: Mapping[str, PixelArray]) -> None:
        """Go on as the mender would whose memory this is.

        Parameters
        ----------
        facts : mapping
            Plain values of the memory.
        arrays : mapping
            Name -> array, as the memory gave them.
        """
        self._subs, self._known = facts["subs"], None
        self._maps.remember(facts["maps"], arrays)

    def _is_due(self, stored: PixelArray, learned: DefectMap, has_dark: bool) -> bool:
        if min(stored.shape) < LEAST_SIDE_PX:
            return False
        self._subs += 1
        eager = self._settings.hot_pixels is True or (learned.looks < LOOKS and not has_dark)
        return eager or (self._subs - 1) % RARELY[has_dark] == 0

    def _repair(self, raw: RawFrame, bad: IndexArray, learned: IndexArray) -> Repair:
        """Return the repair of what is known; the last one is kept."""
        if self._known is None or self._known[0] is not bad or self._known[1] is not learned:
            self._known = (bad, learned, _planned(raw, np.union1d(bad, learned)))
        return self._known[2]

    def _look(self, raw: RawFrame, stored: PixelArray, bad: IndexArray, learned: DefectMap, repair: Repair) -> Repair:
        before = learned.pixels
        originals = stored.reshape(-1)[before]
        repair.apply(stored)
        noise = noise_of(stored)
        if not noise.max() > 0:
            return repair
        found = learned.look(stored, noise, originals, self._settings.hot_sigma, self._workers)
        if learned.pixels is not before:
            self._maps.keep(raw)
        whole = np.union1d(found, np.union1d(bad, learned.pixels))
        if np.isin(whole, repair.all).all():
            return repair
        repair = _planned(raw, whole)
        repair.apply(stored)
        return repair


def _planned(raw: RawFrame, pixels: IndexArray) -> Repair:
    pitch = 1 if raw.cfa is None else 2
    return plan_repair(pixels, raw.height, raw.width, pitch) if pixels.size else NOTHING
