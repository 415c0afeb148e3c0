"""Frames that Ekos' hook has put on record while no agent listened, in the output folder."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

from indistack.hook import ANNOUNCED, STAND_IN
from indistack.sources.base import Emit, is_own_stack, read_announced, shows_own_stack
from indistack.sources.hook import FILE_PATIENCE_S
from indistack.system.atomic import remove_if_can_be
from indistack.system.ordinary_file import read_ordinary

log = logging.getLogger(__name__)

POLL_S = 0.3

OLDEST_S = 8 * 3600.0
"""A record that nobody has taken for so long is of another night: its frame must not begin the stack of this one."""

MAX_BYTES = 1 << 16


class AnnouncedSource:
    """What is on record, in the order of its announcement.

    Parameters
    ----------
    output : Path
        The agent's output folder.
    stays_s : float, optional
        For a stand-in: the source ends when there has been nothing for so long, or when the stand-in is to leave.
    """

    def __init__(self, output: Path, stays_s: float | None = None) -> None:
        self._output = output
        self._stays_s = stays_s
        self._taken: set[str] = set()

    def status(self) -> dict[str, str | int]:
        """Return how many frames were taken."""
        waits_for = "Ekos' hook" if self._stays_s is not None else ""
        return {"on_record": len(self._taken), "waits_for": waits_for}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver what is on record; each record goes when its frame is safe with who gets it."""
        last_s = time.monotonic()
        while not stop.is_set():
            for record in on_record(self._output):
                if stop.is_set() or self._is_to_leave():
                    return
                if record.name in self._taken:  # it could not be removed
                    continue
                self._take(record, emit, stop)
                last_s = time.monotonic()
            if self._is_to_leave() or (self._stays_s is not None and time.monotonic() - last_s >= self._stays_s):
                return
            stop.wait(POLL_S)

    def _is_to_leave(self) -> bool:
        return self._stays_s is not None and not (self._output / ANNOUNCED / STAND_IN).exists()

    def _take(self, record: Path, emit: Emit, stop: threading.Event) -> None:
        if time.time() - _written_s(record) > OLDEST_S:
            log.warning("%s is of another night, and its frame is left", record)
        elif (path := _frame_of(record)) is not None:
            blob = read_announced(path, "Ekos", stop, FILE_PATIENCE_S)
            if blob is None:
                log.warning("Ekos has announced %s, which is not there any more", path)
            else:
                emit(blob)
        self._taken.add(record.name)
        remove_if_can_be(record)


def on_record(output: Path) -> list[Path]:
    """Return the records of frames that wait in an output folder, oldest first."""
    return sorted((output / ANNOUNCED).glob("*.json"))


def _written_s(record: Path) -> float:
    """Return when a record was written, as its name tells; of another kind of name, long ago."""
    word = record.name.partition("-")[0]
    return int(word) / 1e9 if word.isdecimal() else 0.0


def _frame_of(record: Path) -> Path | None:
    """Return the frame that a record names, None where it names none, or a stack of ours."""
    with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        path = Path(json.loads(read_ordinary(record, MAX_BYTES))["path"])
        if path.is_absolute() and not is_own_stack(path) and not shows_own_stack(path):
            return path
    log.warning("%s names no frame", record)
    return None
