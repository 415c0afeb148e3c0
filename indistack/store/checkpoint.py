"""A stack's state on the disk: written now and then, checked when read."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import Field

from indistack.errors import SinkError
from indistack.settings import Settings
from indistack.store.disk_use import DiskUse
from indistack.system.atomic import atomic_file
from indistack.values.frame import PixelArray

log = logging.getLogger(__name__)

FORMAT = 1
"""Checkpoints of another one are not read: the subs since the beginning are stacked again instead."""

FACTS = "facts"
"""Name of the member that holds the plain values, as JSON in bytes."""

FOLDER = "checkpoints"
"""Folder of a session."""

START = "start.npz"
"""What was known before the first sub."""

DAMAGED = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, ArithmeticError,
    AssertionError, MemoryError, zipfile.BadZipFile,
)  # fmt: skip
"""What reading a damaged checkpoint raises; each array has a checksum."""

MAX_FACTS_BYTES = 100_000_000
"""A larger table of plain values is none of ours."""

NAMES = ("a.npz", "b.npz")
"""Written in turn, so that there is always one that is whole."""


class CheckpointSettings(Settings):
    """How often the state of the stacks is written, for a start after a power cut."""

    interval_s: float = Field(default=120.0, ge=0)
    """Shortest time between two. What came since the last one is stacked again."""
    duty: float = Field(default=0.05, gt=0, le=1)
    """Largest share of the time that writing may take."""


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered after so many lines of the ledger.

    Attributes
    ----------
    lines : int
        Of the ledger.
    facts : dict
        Plain values.
    arrays : mapping
        By name.
    """

    lines: int
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, PixelArray] = field(default_factory=dict)


StateAfter = Callable[[int], State]
"""Returns all that is remembered after so many lines of the ledger."""


class Checkpoints:
    """The checkpoints of one session.

    Writing goes to the system's memory of files in the caller's thread, as the stacks must not change meanwhile and a
    copy might not fit; waiting for the disk is left to a thread.

    Parameters
    ----------
    folder : Path
        The session's.
    settings : CheckpointSettings
        How often.
    use : DiskUse, optional
        Counts what they take.
    """

    def __init__(self, folder: Path, settings: CheckpointSettings, use: DiskUse | None = None) -> None:
        self._folder = folder / FOLDER
        self._settings = settings
        self._use = use or DiskUse()
        self._turn = 0
        self._due_s = time.monotonic() + settings.interval_s
        self._syncing: threading.Thread | None = None

    def is_due(self) -> bool:
        """Tell whether enough time has passed, and the last one is on the disk."""
        return time.monotonic() >= self._due_s and not (self._syncing is not None and self._syncing.is_alive())

    def write(self, state: State) -> None:
        """Write a state over the older one of the two; the disk has it some time later, see `wait`.

        A disk that does not take it costs a line in the log.
        """
        self.wait()
        begin_s = time.monotonic()
        try:
            self._folder.mkdir(exist_ok=True)
            with contextlib.ExitStack() as writing:
                writing.enter_context(self._use.written(path := self._folder / NAMES[self._turn]))
                _save(writing.enter_context(atomic_file(path)), state)
                written = writing.pop_all()
        except (OSError, SinkError) as error:
            log.error("no checkpoint: %s", error)
            self._plan(begin_s)
            return
        self._turn = 1 - self._turn
        self._syncing = threading.Thread(target=self._sync, args=(written, begin_s), name="checkpoint", daemon=True)
        self._syncing.start()

    def wait(self) -> None:
        """Return when the last one is on the disk."""
        if self._syncing is not None:
            self._syncing.join()

    def begin(self, state: State) -> None:
        """Write what is known before the first sub."""
        try:
            self._folder.mkdir(exist_ok=True)
            path = self._folder / START
            with self._use.written(path), atomic_file(path) as file:
                _save(file, state)
        except (OSError, SinkError) as error:
            log.error("no checkpoint: %s", error)

    def close(self, state: State) -> None:
        """Write the last state; the one before is not needed any more."""
        self.write(state)
        self.wait()
        if (self._folder / NAMES[1 - self._turn]).exists():
            older = self._folder / NAMES[self._turn]
            with self._use.written(older), contextlib.suppress(OSError):
                older.unlink(missing_ok=True)

    def newest_first(self) -> Iterator[State]:
        """Return the states that can be read; their arrays are read when they are asked for.

        What is read later than this may turn out to be damaged, too: one of `DAMAGED`.
        """
        found = [(one, name) for name in (*NAMES, START) if (one := self.read(name)) is not None]
        for state, name in sorted(found, key=lambda pair: -pair[0].lines):
            if name in NAMES:
                self._turn = 1 - NAMES.index(name)
            yield state

    def _sync(self, written: contextlib.ExitStack, begin_s: float) -> None:
        try:
            written.close()
        except SinkError as error:
            log.error("no checkpoint: %s", error)
        self._plan(begin_s)

    def _plan(self, begin_s: float) -> None:
        took_s = time.monotonic() - begin_s
        self._due_s = begin_s + max(self._settings.interval_s, took_s / self._settings.duty)

    def read(self, name: str) -> State | None:
        """Return a state of that name; None where there is none of ours."""
        path = self._folder / name
        try:
            return _opened(path)
        except FileNotFoundError:
            return None
        except DAMAGED as error:
            log.warning("%s is of no use: %s", path, error)
            return None


def _opened(path: Path) -> State:
    with zipfile.ZipFile(path) as archive:  # np.load leaves the file open where this fails
        if archive.getinfo(f"{FACTS}.npy").file_size > MAX_FACTS_BYTES:
            raise ValueError("its facts are too large")
        if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
            raise ValueError("it is compressed, as none of ours is: nobody knows to how much it grows")
        data = archive.read(f"{FACTS}.npy")
    facts = json.loads(np.load(io.BytesIO(data), allow_pickle=False).tobytes())
    if facts.pop("format") != FORMAT:
        raise ValueError("it is of another version")
    lines = facts.pop("lines")
    if type(lines) is not int or lines < 0:
        raise ValueError("it does not tell after how many lines it was written")
    return State(lines, facts, np.load(path, allow_pickle=False))


def _save(file: BinaryIO, state: State) -> None:
    facts = json.dumps({"format": FORMAT, "lines": state.lines, **state.facts}).encode()
    np.savez(file, allow_pickle=False, **state.arrays, **{FACTS: np.frombuffer(facts, np.uint8)})
