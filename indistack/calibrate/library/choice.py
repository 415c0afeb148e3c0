"""The calibration library: for each light the best of the masters in a folder, and why not the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

import numpy as np

from indistack.calibrate.base import CalibrateSettings, Chooser, Master, MasterChoice, Masters
from indistack.calibrate.fit import FrameFacts, compare, in_spite_of, same_camera
from indistack.calibrate.library.catalogue import Catalogue, CatalogueEntry, Reader
from indistack.calibrate.library.ranking import Candidate, dark_rank, flat_rank, is_base, may_scale, rank
from indistack.calibrate.shelf import Shelved
from indistack.calibrate.vet import require_numbers
from indistack.errors import FrameError
from indistack.values.frame import Kind, RawFrame

LISTED = 4
"""Masters set aside that are named, per kind; the others are counted."""

DECISIVE = ("gain", "exposure", "temperature", "filter")
"""Facts whose lack is worth a warning."""

KEPT_OPEN = 8
LIGHT_KINDS: tuple[Kind, ...] = ("dark", "flat", "bias")


class _UnusableError(Exception):
    """A master's file cannot be read."""

    def __init__(self, entry: CatalogueEntry, why: str) -> None:
        self.entry = entry
        self.why = why
        super().__init__(why)


class Library:
    """Chooses for each light among the masters in a folder.

    A master is legal where no fact that both sides tell differs (see `compare`), but the gain and offset of flats;
    among legal ones fewer unknown facts count first, then nearness, then the number of frames. A dark of another
    exposure is scaled where a legal bias is there; else it is set aside with a warning.

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

    def entries(self) -> tuple[CatalogueEntry, ...]:
        """Return what there is."""
        return self._catalogue.entries()

    def refresh(self) -> None:
        """Look at the folder again at the next question."""
        self._catalogue.refresh()

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return the best legal masters; a file that turns out to be unreadable is left out.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.
        """
        while True:
            try:
                return self._choose(FrameFacts.of(raw))
            except _UnusableError as error:
                self._catalogue.forget(error.entry, error.why)

    def base_for(self, flat: FrameFacts) -> Master | None:
        """Return what is to be subtracted from raw flats: dark-flat, dark of about their exposure, or bias."""
        while True:
            order: dict[Kind, int] = {"darkflat": 0, "dark": 1, "bias": 2}
            found = [each for kind in order for each in self._candidates(kind, flat) if is_base(each, flat)]
            best = min(found, key=lambda each: (order[each.entry.facts.kind], *dark_rank(each, flat, "")), default=None)
            try:
                return None if best is None else self._take(best.entry, best.entry.facts.kind)
            except _UnusableError as error:
                self._catalogue.forget(error.entry, error.why)

    def _choose(self, light: FrameFacts) -> MasterChoice:
        there = {kind: self._candidates(kind, light) if kind in self._kinds else [] for kind in LIGHT_KINDS}
        biases = [each for each in there["bias"] if each.comparison.legal]
        bias = min(biases, key=rank, default=None)
        dark, scaled = self._best_dark(there["dark"], light, bias is not None or self._has_bias)
        flats = [each for each in there["flat"] if each.comparison.legal]
        flat = min(flats, key=lambda each: flat_rank(each, light), default=None)
        if dark is not None and not scaled:
            bias, there["bias"] = None, []
        chosen: dict[Kind, Candidate | None] = {"dark": dark, "flat": flat, "bias": bias}
        self._last_dark = dark.entry.name if dark is not None else ""
        used = {kind: each.entry for kind, each in chosen.items() if each is not None}
        return MasterChoice(
            masters=Masters(**{kind: self._take(entry, kind) for kind, entry in used.items()}),
            key=" ".join(f"{entry.name}@{entry.stamp}" for entry in used.values()),
            warnings=tuple(line for kind in LIGHT_KINDS for line in _warnings(kind, chosen[kind], there[kind])),
            set_aside=tuple(line for kind in LIGHT_KINDS for line in _set_aside(chosen[kind], there[kind])),
        )

    def _candidates(self, kind: Kind, frame: FrameFacts) -> list[Candidate]:
        """Return the masters of a kind and of the frame's camera, as far as cameras are known."""
        camera = frame.info.camera
        return [
            Candidate(entry, compare(entry.facts, frame, self._settings))
            for entry in self._catalogue.entries()
            if entry.facts.kind == kind
            and (not camera or not entry.facts.info.camera or same_camera(entry.facts.info.camera, camera))
        ]

    def _best_dark(self, darks: list[Candidate], light: FrameFacts, has_bias: bool) -> tuple[Candidate | None, bool]:
        """Return the best dark, and whether it must be scaled."""
        legal = [each for each in darks if each.comparison.legal]
        if legal:
            return min(legal, key=lambda each: dark_rank(each, light, self._last_dark)), False
        if not (has_bias and self._settings.scale_dark):
            return None, False
        scalable = [each for each in darks if may_scale(each, light, self._settings.dark_scale_max)]
        return min(scalable, key=lambda each: dark_rank(each, light, self._last_dark), default=None), bool(scalable)

    def _take(self, entry: CatalogueEntry, kind: Kind) -> Master:
        """Return a master whose pixels are read as they are touched; decoded once, then kept in a file of our own."""
        key = (entry.name, entry.stamp, kind)
        if key not in self._open:
            self._open[key] = self._load(entry, kind)
            if len(self._open) > KEPT_OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(key)
        return self._open[key].take()

    def _load(self, entry: CatalogueEntry, kind: Kind) -> Shelved:
        try:
            frame = self._reader.decode(self.folder / entry.name)
            if frame.pixels.shape != entry.facts.shape:
                raise _UnusableError(entry, "its pixels are not what its header tells")
            pixels = np.asarray(frame.pixels, np.float32)
            require_numbers(kind, pixels)
            return Shelved(Master(pixels, kind, frame.cfa, entry.facts.info, entry.n_frames, entry.name))
        except (FrameError, OSError) as error:
            raise _UnusableError(entry, str(error)) from error


class NamedFirst:
    """Chooses the masters that the user named, and the library's where none is named."""

    def __init__(self, named: Chooser, library: Chooser) -> None:
        self._named = named
        self._library = library

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return both choices as one; raises what the first one raises.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.
        """
        named, found = self._named.choose(raw), self._library.choose(raw)
        kinds = {kind: getattr(named.masters, kind) or getattr(found.masters, kind) for kind in LIGHT_KINDS}
        return MasterChoice(
            Masters(**kinds),
            f"{named.key} {found.key}".strip(),
            (*named.warnings, *found.warnings),
            (*named.set_aside, *found.set_aside),
        )


def _warnings(kind: Kind, chosen: Candidate | None, there: list[Candidate]) -> list[str]:
    if chosen is None:
        if not there or kind == "bias":
            return []
        nearest = min(there, key=lambda each: len(each.comparison.misfits))
        return [f"no {kind} of the library fits: {nearest.why_not()}"]
    name, doubts = chosen.entry.describe(), chosen.comparison.doubts
    lacking = [fact for fact in chosen.comparison.unknown if fact in DECISIVE]
    lines = [f"{name}: whether {' and '.join(lacking)} fit is not known"] if lacking else []
    return lines + ([in_spite_of(name, doubts)] if doubts else [])


def _set_aside(chosen: Candidate | None, there: list[Candidate]) -> list[str]:
    others = sorted((each for each in there if each is not chosen), key=lambda each: len(each.comparison.misfits))
    lines = [each.why_not() for each in others[:LISTED]]
    return lines + ([f"and {len(others) - LISTED} more"] if len(others) > LISTED else [])
