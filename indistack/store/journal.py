"""What an agent keeps on the disk so that nothing is lost: the spool, the open session's record, which one that is."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack.errors import FrameError, StackError
from indistack.store.checkpoint import FOLDER as CHECKPOINTS
from indistack.store.checkpoint import State
from indistack.store.entries import Event
from indistack.store.line_writer import as_line
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import SUBS, PastSession
from indistack.store.session_record import RecordSettings, SessionRecord
from indistack.store.spool import Spool
from indistack.values.blob import Blob
from indistack.values.frame import IndexArray
from indistack.values.outcome import Filed
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

StateAfter = Callable[[int], State]
"""Returns all that is remembered after so many lines of the ledger."""


class Journal:
    """Keeps what arrives and what becomes of it.

    Parameters
    ----------
    output : Path
        The agent's output folder.
    settings : RecordSettings
        What is kept, and how often.
    clock : callable
        Gives the time.
    past : PastSession, optional
        Session that is gone on with.

    Attributes
    ----------
    spool : Spool
        What has arrived and has no line yet.
    record : SessionRecord or None
        Of the session that is open.
    """

    def __init__(
        self, output: Path, settings: RecordSettings, clock: Callable[[], datetime], past: PastSession | None = None
    ) -> None:
        self._output = output
        self._settings = settings
        self._clock = clock
        self._sessions = SessionFolders(output)
        self.spool = Spool(output / "spool", settings.spool, self._sessions.give_up_oldest)
        self.record: SessionRecord | None = None
        self._past = past
        self._numbers = past.spooled() if past is not None else {}
        for name, _, _ in self._numbers:
            self.spool.begin_after(name)

    @property
    def name(self) -> str:
        """Of the open session, "" where there is none."""
        return self.record.folder.name if self.record is not None else ""

    def open(self) -> list[str]:
        """Begin; return the names of what an earlier run has left in the spool, less what has its line."""
        past = self._past
        for folder in (self._output, self._output / "spool", *(_folders(past.folder) if past else ())):
            sweep(folder)
        self.spool.count_anew(self._sessions.held_bytes())
        self._sessions.sweep()
        if past is None:
            self._sessions.keep_shown()
            self._sessions.end()
            self._sessions.tell_of_lost_ledgers()
            return self.spool.left()
        self.record = SessionRecord(past.folder, self._settings, self.spool)
        self._sessions.reopen(past.folder)
        self._sessions.tell_of_lost_ledgers()
        # first: of a sub that was being moved, what is left does not look whole
        told = {name for name in self.spool.names if self._take_over(name, self.record)}
        return [name for name in self.spool.left() if name not in told]

    def _take_over(self, name: str, record: SessionRecord) -> bool:
        """Give a sub of the spool to its session, if it has its line; tell whether it has."""
        with contextlib.suppress(FrameError):  # nobody knows any more what it is
            number = self._numbers.get((name, *self.spool.whence(name)))
            if number is not None:
                record.take_over(name, number)
                return True
        return False

    def add(self, report: SubReport, blob: Blob, mended: IndexArray, settings: RecordSettings, start: State) -> None:
        """Write the report of a blob into the open session's ledger; the first line opens a session.

        Parameters
        ----------
        report : SubReport
            Its decision is known.
        blob : Blob
            What the report is about.
        mended : array
            Pixels that were found bad in it.
        settings : RecordSettings
            For a new session.
        start : State
            What was known before the blob, for a new session.

        Raises
        ------
        StackError
            The disk does not take it.
        """
        if self.record is None:
            folder = self._sessions.begin(self._clock(), report.frame.target if report.frame is not None else "")
            self.record = SessionRecord.begin(folder, settings, self.spool, start)
        self.record.add(report, mended)
        if report.reason == "internal_error":
            _keep_bytes(self.record.folder / "kept", blob, report.number)  # before their file moves
        if blob.spooled is None or not blob.spooled.name:
            return
        if report.word == Filed.word:  # the library has it
            self.drop(blob)
        else:
            self.record.take_over(blob.spooled.name, report.number)

    def event(self, word: str, **facts: Any) -> None:
        """Note what befell the open stack beside its subs."""
        if self.record is None:
            return
        try:
            self.record.ledger.append(as_line(Event(word, self._clock(), **facts)))
        except StackError as error:
            log.error("the ledger cannot be written: %s", error)

    def drop(self, blob: Blob) -> None:
        """Let go of a blob that gets no line."""
        if blob.spooled is not None and blob.spooled.name:
            self.spool.forget(blob.spooled.name)

    def checkpoint(self, state_after: StateAfter) -> None:
        """Write a checkpoint if one is due."""
        record = self.record
        if record is not None and not record.ledger.late and record.checkpoints.is_due():
            record.checkpoints.write(state_after(record.ledger.lines))

    def leave(self) -> None:
        """Let go of the open session as it is on the disk; the next line opens another."""
        if self.record is not None:
            self.record.ledger.close()
            self._sessions.keep_shown()
            self._sessions.end()
        self.record = None

    def end(self, state_after: StateAfter) -> None:
        """The open session has ended."""
        if self.record is not None:
            self.record.close(state_after(self.record.ledger.lines))
            self._sessions.end()
        self.record = None


def _keep_bytes(folder: Path, blob: Blob, number: int) -> None:
    """Keep the frame that a bug refused: it is wanted for mending the bug, and for the stack afterwards."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / f"{number:06d}{blob.suffix}").write_bytes(blob.data)
    except OSError as error:
        log.error("%s: cannot keep the bytes of a refused frame: %s", folder, error.strerror)


def _folders(session: Path) -> tuple[Path, ...]:
    return session, session / SUBS, session / CHECKPOINTS


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed agent has left."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)
