"""The calibration library: for each light the best of the masters in a folder, and why not the others."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from indistack.calibrate.base import CalibrateSettings, Choice, Chooser, Master, Masters
from indistack.calibrate.catalogue import Catalogue, Entry, Reader
from indistack.calibrate.legal import Comparison, Facts, compare, same_camera
from indistack.calibrate.named import Shelved
from indistack.errors import FrameError
from indistack.frame import Kind, RawFrame

LISTED = 4
"""Masters set aside that are named, per kind; the others are counted."""

DECISIVE = ("gain", "exposure", "temperature", "filter")
"""Facts whose lack is worth a warning."""

ALIKE_C = 0.5
"""Temperatures this close count as equal; the dark in use keeps its place twice as far."""

KEPT_OPEN = 8
BASE_RATIO = 1.5
"""A flat is short: what is subtracted from it may be off by this factor of exposure."""

SHORT_S = 10.0
"""Below this exposure the dark current of a flat, and so its temperature, does not matter."""

LIGHT_KINDS: tuple[Kind, ...] = ("dark", "flat", "bias")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A master of the library beside a frame."""

    entry: Entry
    comparison: Comparison

    def why_not(self) -> str:
        """Return what forbids it, or that another is better."""
        return f"{self.entry.describe()}: {self.comparison.reasons() or 'another fits better'}"


class _UnusableError(Exception):
    """A master's file cannot be read."""

    def __init__(self, entry: Entry, why: str) -> None:
        self.entry = entry
        self.why = why
        super().__init__(why)


class Library:
    """Chooses for each light among the masters in a folder.

    A master is legal where no fact that both sides tell differs (see `compare`); among legal ones fewer unknown facts
    count first, then nearness, then the number of frames. A dark of another exposure is scaled where a legal bias is
    there; else it is set aside with a warning.

    Parameters
    ----------
    folder : Path
        May not exist yet.
    settings : CalibrateSettings
        The tolerances.
    reader : Reader
        Reads its files.
    kinds : collection of str
        What is chosen; the user may have named the others.
    has_bias : bool
        The user has named a bias.
    """

    def __init__(
        self,
        folder: Path,
        settings: CalibrateSettings,
        reader: Reader,
        kinds: Collection[Kind] = LIGHT_KINDS,
        has_bias: bool = False,
    ) -> None:
        self.folder = folder
        self._settings = settings
        self._reader = reader
        self._kinds = kinds
        self._has_bias = has_bias
        self._catalogue = Catalogue(folder, reader)
        self._open: OrderedDict[tuple[str, tuple[int, int], Kind], Shelved] = OrderedDict()
        self._last_dark = ""

    def entries(self) -> tuple[Entry, ...]:
        """Return what there is."""
        return self._catalogue.entries()

    def refresh(self) -> None:
        """Look at the folder again at the next question."""
        self._catalogue.refresh()

    def choose(self, raw: RawFrame) -> Choice:
        """Return the best legal masters; a file that turns out to be unreadable is left out."""
        while True:
            try:
                return self._choose(Facts.of(raw))
            except _UnusableError as error:
                self._catalogue.forget(error.entry, error.why)

    def base_for(self, flat: Facts) -> Master | None:
        """Return what is to be subtracted from raw flats: dark-flat, dark of about their exposure, or bias."""
        while True:
            order: dict[Kind, int] = {"darkflat": 0, "dark": 1, "bias": 2}
            found = [each for kind in order for each in self._candidates(kind, flat) if _is_base(each, flat)]
            best = min(
                found, key=lambda each: (order[each.entry.facts.kind], *self._dark_rank(each, flat)), default=None
            )
            try:
                return None if best is None else self._take(best.entry, best.entry.facts.kind)
            except _UnusableError as error:
                self._catalogue.forget(error.entry, error.why)

    def _choose(self, light: Facts) -> Choice:
        there = {kind: self._candidates(kind, light) if kind in self._kinds else [] for kind in LIGHT_KINDS}
        biases = [each for each in there["bias"] if each.comparison.legal]
        bias = min(biases, key=lambda each: _rank(each), default=None)
        dark, scaled = self._best_dark(there["dark"], light, bias is not None or self._has_bias)
        flat = min(
            (each for each in there["flat"] if each.comparison.legal),
            key=lambda each: _flat_rank(each, light),
            default=None,
        )
        if dark is not None and not scaled:
            bias, there["bias"] = None, []
        chosen: dict[Kind, Candidate | None] = {"dark": dark, "flat": flat, "bias": bias}
        self._last_dark = dark.entry.name if dark is not None else ""
        return Choice(
            masters=Masters(
                **{kind: self._take(each.entry, kind) for kind, each in chosen.items() if each is not None}
            ),
            key=" ".join(f"{each.entry.name}@{each.entry.stamp}" for each in chosen.values() if each is not None),
            warnings=tuple(line for kind in LIGHT_KINDS for line in _warnings(kind, chosen[kind], there[kind])),
            set_aside=tuple(line for kind in LIGHT_KINDS for line in _set_aside(chosen[kind], there[kind])),
        )

    def _candidates(self, kind: Kind, frame: Facts) -> list[Candidate]:
        """Return the masters of a kind and of the frame's camera, as far as cameras are known."""
        camera = frame.info.camera
        return [
            Candidate(entry, compare(entry.facts, frame, self._settings))
            for entry in self._catalogue.entries()
            if entry.facts.kind == kind
            and (not camera or not entry.facts.info.camera or same_camera(entry.facts.info.camera, camera))
        ]

    def _best_dark(self, darks: list[Candidate], light: Facts, has_bias: bool) -> tuple[Candidate | None, bool]:
        """Return the best dark, and whether it must be scaled."""
        legal = [each for each in darks if each.comparison.legal]
        if legal:
            return min(legal, key=lambda each: self._dark_rank(each, light)), False
        if not (has_bias and self._settings.scale_dark):
            return None, False
        scalable = [each for each in darks if each.comparison.scalable and self._may_scale(each.entry, light)]
        return min(scalable, key=lambda each: self._dark_rank(each, light), default=None), bool(scalable)

    def _may_scale(self, dark: Entry, light: Facts) -> bool:
        mine, other = dark.facts.info.exposure_s, light.info.exposure_s
        return bool(mine) and bool(other) and (other or 0.0) / (mine or 1.0) <= self._settings.dark_scale_max

    def _dark_rank(self, dark: Candidate, frame: Facts) -> tuple[float, ...]:
        mine, other = dark.entry.facts.info, frame.info
        room_c = ALIKE_C * (2 if dark.entry.name == self._last_dark else 1)
        apart_c = abs((mine.temperature_c or 0.0) - (other.temperature_c or 0.0))
        unknown_temperature = mine.temperature_c is None or other.temperature_c is None
        off = abs(math.log((mine.exposure_s or 1.0) / (other.exposure_s or mine.exposure_s or 1.0)))
        unknown, *rest = _rank(dark)
        return (unknown, round(off, 3), 0.0 if unknown_temperature else max(0.0, apart_c - room_c), *rest)

    def _take(self, entry: Entry, kind: Kind) -> Master:
        """Return a master whose pixels are read as they are touched; decoded once, then kept in a file of our own."""
        key = (entry.name, entry.stamp, kind)
        if key not in self._open:
            self._open[key] = self._load(entry, kind)
            if len(self._open) > KEPT_OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(key)
        return self._open[key].take()

    def _load(self, entry: Entry, kind: Kind) -> Shelved:
        try:
            frame = self._reader.decode(self.folder / entry.name)
            if frame.pixels.shape != entry.facts.shape:
                raise _UnusableError(entry, "its pixels are not what its header tells")
            pixels = np.asarray(frame.pixels, np.float32)
            return Shelved(Master(pixels, kind, frame.cfa, entry.facts.info, entry.n_frames, entry.name))
        except (FrameError, OSError) as error:
            raise _UnusableError(entry, str(error)) from error


class NamedFirst:
    """Chooses the masters that the user named, and the library's where none is named."""

    def __init__(self, named: Chooser, library: Chooser) -> None:
        self._named = named
        self._library = library

    def choose(self, raw: RawFrame) -> Choice:
        """Return both choices as one; raises what the first one raises."""
        named, found = self._named.choose(raw), self._library.choose(raw)
        kinds = {kind: getattr(named.masters, kind) or getattr(found.masters, kind) for kind in LIGHT_KINDS}
        return Choice(
            Masters(**kinds),
            f"{named.key} {found.key}".strip(),
            (*named.warnings, *found.warnings),
            (*named.set_aside, *found.set_aside),
        )


def _is_base(each: Candidate, flat: Facts) -> bool:
    """Whether a master without light may be subtracted from a flat."""
    misfits = set(each.comparison.misfits)
    mine, other = each.entry.facts.info.exposure_s, flat.info.exposure_s
    if mine and other and max(mine, other) <= BASE_RATIO * min(mine, other):
        misfits.discard("exposure")
    if (other or 0.0) <= SHORT_S:
        misfits.discard("temperature")
    return not misfits


def _rank(each: Candidate) -> tuple[float, ...]:
    date = each.entry.facts.info.date_obs
    return len(each.comparison.unknown), -each.entry.n_frames, -date.timestamp() if date else 0.0


def _flat_rank(each: Candidate, light: Facts) -> tuple[float, ...]:
    """Order flats by unknown facts, the gain where it may differ, then the time between flat and frame."""
    mine, other = each.entry.facts.info, light.info
    now = other.date_obs or datetime.max.replace(tzinfo=UTC)
    age_s = abs((now - mine.date_obs).total_seconds()) if mine.date_obs else 0.0
    unknown, *rest = _rank(each)
    return unknown, float(mine.gain_setting != other.gain_setting), age_s, *rest


def _warnings(kind: Kind, chosen: Candidate | None, there: list[Candidate]) -> list[str]:
    if chosen is None:
        if not there or kind == "bias":
            return []
        nearest = min(there, key=lambda each: len(each.comparison.misfits))
        return [f"no {kind} of the library fits: {nearest.why_not()}"]
    lacking = [fact for fact in chosen.comparison.unknown if fact in DECISIVE]
    return [f"{chosen.entry.describe()}: whether {' and '.join(lacking)} fit is not known"] if lacking else []


def _set_aside(chosen: Candidate | None, there: list[Candidate]) -> list[str]:
    others = sorted((each for each in there if each is not chosen), key=lambda each: len(each.comparison.misfits))
    lines = [each.why_not() for each in others[:LISTED]]
    return lines + ([f"and {len(others) - LISTED} more"] if len(others) > LISTED else [])
