"""Counts how often a frame was begun with: what ends the agent every time must not stay first for ever."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import replace
from pathlib import Path

from indistack.errors import SinkError
from indistack.sources import stamp_of
from indistack.store.spool import Spool
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary
from indistack.values.blob import Blob, Content

log = logging.getLogger(__name__)

NOTE = ".attempt"
"""File in the spool that is there while a frame is worked on; not synced: what a killed program wrote is there."""

MOST = 2
"""With a frame that has ended the agent so often nothing is tried any more."""

APART_S = 1.0
"""Attempts that follow each other within it count as one: somebody else is killing."""

FOLDER = "poison"
"""Folder beside the spool for such frames."""


class Attempts:
    """Of the frames that are worked on, one after the other.

    Parameters
    ----------
    spool : Spool
        Has the frames; of one that is not there nothing is counted.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._note = spool.folder / NOTE
        self._counts = _read(self._note)
        stamp = stamp_of(self._note)
        self._written_s = stamp.modified_ns / 1e9 if stamp is not None else 0.0
        self._name = ""

    def begin(self, blob: Blob, number: int) -> Blob:
        """Return the blob that is to be worked on: the same, or one with a fault in the place of one that kills.

        Parameters
        ----------
        blob : Blob
            Next in turn.
        number : int
            Of its line.
        """
        if blob.spooled is None:
            return blob
        self._name = blob.spooled.name or f"sub {number}"
        before = self._counts.get(self._name, 0)
        if before >= MOST:
            return self._put_aside(blob, before)
        if not before or time.time() - self._written_s > APART_S:
            self._counts[self._name] = before + 1
        self._write()
        return blob

    def end(self) -> None:
        """The frame has not ended the agent."""
        if self._counts.pop(self._name, 0):
            self._write()

    def _write(self) -> None:
        with contextlib.suppress(OSError, SinkError):  # the spool tells of the disk
            if self._counts:
                with atomic_file(self._note, durable=False) as file:
                    file.write(json.dumps(self._counts).encode())
            else:
                self._note.unlink(missing_ok=True)

    def _put_aside(self, blob: Blob, times: int) -> Blob:
        """Move a frame to where nobody works on it; one that lies in its session stays there."""
        fault = f"the agent has ended {times} times while it worked on this frame"
        if blob.spooled is not None and blob.spooled.name:
            folder = self._spool.folder.with_name(FOLDER)
            try:
                self._spool.move(blob.spooled.name, folder, f"{blob.received:%Y%m%d-%H%M%S}-{blob.spooled.name}")
            except OSError as error:
                log.error("%s: a frame cannot be put aside: %s", folder, error.strerror or error)
                return replace(blob, content=Content(b""), fault=fault)
            fault = f"{fault}; it is put aside in {folder}"
        log.error("%s: %s", blob.origin, fault)
        return replace(blob, content=Content(b""), spooled=None, fault=fault)


def _read(note: Path) -> dict[str, int]:
    """Return what earlier runs have begun and not ended, how often each; nothing where the note is damaged."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        counts = json.loads(read_ordinary(note))
        if isinstance(counts, dict) and all(isinstance(count, int) for count in counts.values()):
            return counts
    return {}
