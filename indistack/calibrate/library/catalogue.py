"""What masters a folder holds: their facts, read from headers and remembered for files that have not changed."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from indistack.calibrate.fit import FrameFacts
from indistack.calibrate.master_file import count_of, is_master
from indistack.errors import FrameError, SinkError
from indistack.fits_header import index, text_fact
from indistack.system.atomic import atomic_file
from indistack.values.frame import Kind, RawFrame

_log = logging.getLogger(__name__)

RAW = "raw"
NOT_MASTERS = (RAW, "defects")
"""Sub-folders where no masters are looked for: raw frames, maps of bad pixels."""

INDEX = ".index.json"
RESCAN_S = 5.0
"""The folder is looked through no more often than that."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How the files of a library are read.

    Attributes
    ----------
    decode : callable
        Path -> frame; raises `FrameError`.
    look : callable
        The same for the facts alone: the pixels have the right shape and type, and may be placeholders.
    is_frame : callable
        Whether a file of that name is worth a look.
    version : str
        What was seen of the files by another version is forgotten.
    """

    decode: Callable[[Path], RawFrame]
    look: Callable[[Path], RawFrame]
    is_frame: Callable[[str], bool]
    version: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One master file.

    Attributes
    ----------
    name : str
        Path below the library's folder.
    stamp : (int, int)
        Size (bytes) and time of modification (ns): another stamp means another master.
    facts : FrameFacts
        Without the header's cards.
    n_frames : int
        Frames combined, 1 when unknown.
    """

    name: str
    stamp: tuple[int, int]
    facts: FrameFacts
    n_frames: int

    def describe(self) -> str:
        """Return kind and file, for people."""
        return f"{self.facts.kind} {self.name}"


_ENTRIES = TypeAdapter(list[CatalogueEntry])


class Catalogue:
    """A folder of master files, looked through again and again; damaged and foreign files are told once.

    Parameters
    ----------
    folder : Path
        May not exist yet. Masters lie in it and in its sub-folders, in any order.
    reader : Reader
        Reads the files.
    clock : callable
        Seconds that only go on.
    """

    def __init__(self, folder: Path, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._reader = reader
        self._clock = clock
        self._known: dict[str, CatalogueEntry] = {}
        self._foreign: dict[str, tuple[int, int]] = {}
        self._closed: set[str] = set()
        self._scanned_s: float | None = None

    def entries(self) -> tuple[CatalogueEntry, ...]:
        """Return the masters in order of their names; cheap while nothing has changed."""
        now_s = self._clock()
        if self._scanned_s is None:
            self._known = {entry.name: entry for entry in self._remembered()}
        if self._scanned_s is None or now_s - self._scanned_s >= RESCAN_S:
            self._scanned_s = now_s
            self._scan()
        return tuple(self._known[name] for name in sorted(self._known))

    def refresh(self) -> None:
        """Look through the folder at the next question."""
        if self._scanned_s is not None:
            self._scanned_s = -RESCAN_S

    def forget(self, entry: CatalogueEntry, why: str) -> None:
        """Leave out a file that has turned out to be unusable, until it changes."""
        _log.warning("calibration library: %s is left out: %s", self.folder / entry.name, why)
        self._known.pop(entry.name, None)
        self._foreign[entry.name] = entry.stamp

    def _scan(self) -> None:
        found = dict(self._files())
        before = self._known
        self._known = {name: entry for name, entry in before.items() if found.get(name) == entry.stamp}
        faults: dict[tuple[Path, str], list[str]] = {}
        for name, stamp in found.items():
            if name not in self._known and self._foreign.get(name) != stamp:
                try:
                    self._known[name] = _entry(name, stamp, self._reader.look(self.folder / name))
                except FrameError as error:
                    self._foreign[name] = stamp
                    faults.setdefault(((self.folder / name).parent, error.detail), []).append(name)
        for (place, detail), names in faults.items():
            what = self.folder / names[0] if len(names) == 1 else f"{place}: {len(names)} files"
            _log.warning("calibration library: %s left out: %s", what, detail)
        if self._known != before:
            self._remember()

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for place, folders, names in os.walk(self.folder, onerror=self._tell_closed):
            folders[:] = [folder for folder in folders if folder not in NOT_MASTERS and not folder.startswith(".")]
            for name in filter(self._reader.is_frame, names):
                path = Path(place, name)
                try:
                    status = path.stat()
                except OSError as error:
                    error.filename = place  # once for all that lies in there
                    self._tell_closed(error)
                    continue
                yield str(path.relative_to(self.folder)), (status.st_size, status.st_mtime_ns)

    def _tell_closed(self, error: OSError) -> None:
        """Say once of a folder that it cannot be read; one that is gone again is none."""
        if not isinstance(error, FileNotFoundError) and error.filename not in self._closed:
            self._closed.add(error.filename)
            _log.warning("calibration library: %s left out: %s", error.filename, error.strerror)

    def _remembered(self) -> list[CatalogueEntry]:
        try:
            index = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))
            if index["version"] != self._reader.version:
                return []
            return _ENTRIES.validate_python(index["entries"], strict=False)
        except (OSError, ValueError, LookupError, TypeError):  # none, or damaged: all files are looked at
            return []

    def _remember(self) -> None:
        """Keep the facts for the next start; a library that cannot be written is read anew then."""
        entries = _ENTRIES.dump_python(list(self._known.values()), mode="json")
        try:
            with atomic_file(self.folder / INDEX, durable=False) as file:
                file.write(json.dumps({"version": self._reader.version, "entries": entries}).encode())
        except SinkError as error:
            _log.debug("calibration library: %s", error)


def _entry(name: str, stamp: tuple[int, int], frame: RawFrame) -> CatalogueEntry:
    if not is_master(frame, name):
        raise FrameError("not_a_master", "no master but a raw frame: 'indistack master' builds one")
    kind = _kind(frame, name)
    if kind is None:
        raise FrameError("not_a_master", "neither its header nor its name says what kind of master it is")
    facts = FrameFacts(kind, frame.pixels.shape, frame.cfa, replace(frame.info, kind=kind, header=()))
    return CatalogueEntry(name, stamp, facts, count_of(frame))


def _kind(frame: RawFrame, name: str) -> Kind | None:
    """Return what the header says, else what the name of the file or of its folders says."""
    if text_fact(index(frame.info.header), "kind") and frame.info.kind != "light":
        return frame.info.kind
    words: tuple[tuple[str, Kind], ...] = (
        (r"dark[^a-z]?flat|flat[^a-z]?dark", "darkflat"), ("flat", "flat"), ("bias|offset|zero", "bias"),
        ("dark", "dark"),
    )  # fmt: skip
    for part in reversed(Path(name.lower()).parts):
        for word, kind in words:
            if re.search(word, part):
                return kind
    return None
