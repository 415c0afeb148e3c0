"""What an agent keeps on the disk so that nothing is lost: the spool, the open session's record, which one that is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack.errors import StackError
from indistack.store.checkpoint import State, StateAfter
from indistack.store.entries import NAMED, Event
from indistack.store.held_files import folders_of, sweep
from indistack.store.late_subs import LateSub, LateSubs, keep_bytes
from indistack.store.line_writer import as_line
from indistack.store.room import Room
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.store.session_record import RecordSettings, SessionRecord
from indistack.store.spool import SPOOL, Spool
from indistack.store.strays import bring_home
from indistack.values.blob import Blob
from indistack.values.frame import IndexArray
from indistack.values.outcome import Filed
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 2.0
"""Between two looks whether the disk is back."""


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
    late : LateSubs
        What the disk has not taken.
    named : str
        Target's name of the next session, as a person has told it.
    fault : str
        Why lines cannot be written, "" while they can.
    """

    def __init__(
        self, output: Path, settings: RecordSettings, clock: Callable[[], datetime], past: PastSession | None = None
    ) -> None:
        self._output = output
        self._settings = settings
        self._clock = clock
        self._sessions = SessionFolders(output)
        self._room = Room(self._sessions, gives_raw=settings.spool.max_gb > 0)
        self.spool = Spool(output / SPOOL, settings.spool, self._room.make)
        self.record: SessionRecord | None = None
        self.late = LateSubs()
        self.fault = self.named = ""
        self._begun: Path | None = None
        self._look_s = 0.0
        self._past = past
        for name, _, _ in past.spooled() if past is not None else ():
            self.spool.begin_after(name)

    @property
    def name(self) -> str:
        """Of the open session, "" where there is none."""
        return self.record.folder.name if self.record is not None else ""

    def left_bytes(self) -> float:
        """Return how much of subs can still be kept; raise OSError where the disk does not tell."""
        return self.spool.left_bytes() + self._room.spare_bytes

    def open(self) -> list[str]:
        """Begin; return the names of what an earlier run has left in the spool, less what has its line."""
        past = self._past
        for folder in (self._output, self._output / SPOOL, *(folders_of(past.folder) if past else ())):
            sweep(folder)
        self.spool.count_anew(self._room.count())
        self._sessions.sweep()
        if past is None:
            self._sessions.keep_shown()
            self._sessions.end()
        else:
            self.record = SessionRecord(past.folder, self._settings, self.spool)
            self._sessions.reopen(past.folder)
        self._sessions.tell_of_lost()
        # first: of a sub that was being moved, what is left does not look whole
        told = bring_home(self.spool, [*self._sessions.all(), *([past.folder] if past else [])])
        return [name for name in self.spool.left() if name not in told]

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
        self.late.without_line.append(LateSub(report, blob, mended, settings, start))
        self._catch_up()

    def look_again(self, at_once: bool = False) -> None:
        """Write what is late, if the disk takes it now; asked often, it looks now and then, or `at_once`."""
        if not any(self.late) or (time.monotonic() < self._look_s and not at_once):
            return
        try:
            self._catch_up()
            if not any(self.late):
                log.info("%s: what waited in memory is written", self._output)
        except StackError as error:
            log.debug("the disk is still not back: %s", error)

    def _catch_up(self) -> None:
        """Write all that is late, in its order; raises StackError."""
        self._look_s = time.monotonic() + LOOK_AGAIN_S
        try:
            while self.late.without_line:
                sub = self.late.without_line[0]
                record = self.record or self._begin(sub)
                self.late.without_bytes.append(self.late.without_line.pop(0))  # the ledger keeps the line
                record.add(sub.report, sub.mended)
            if self.record is not None and self.record.ledger.late:
                self.record.ledger.catch_up()
        except StackError as error:
            self.fault = str(error)
            self.late.hold()
            raise
        self.fault = ""
        self._sessions.stay_open()
        self.late.without_bytes = [sub for sub in self.late.without_bytes if not self._keep_raw(sub)]
        self.late.hold()

    def _begin(self, sub: LateSub) -> SessionRecord:
        """Open a session with a sub; the folder of an attempt that failed is taken."""
        if self._begun is None:
            self._begun = self._sessions.begin(self._clock(), self.named or sub.report.target)
        settings = replace(sub.settings, asked=self._settings.asked or self._settings.toml)
        self.record = SessionRecord.begin(self._begun, settings, self.spool, sub.start)
        if self.named:
            self.event(NAMED, name=self.named)
        self._begun, self.named = None, ""
        return self.record

    def _keep_raw(self, sub: LateSub) -> bool:
        """Give the bytes of a sub that has its line to the session; tell whether nothing is left to be done."""
        assert self.record is not None, "it has a line"
        report, settings = sub.report, self._settings.spool
        if report.reason == "internal_error":
            keep_bytes(self.record.folder / "kept", sub.blob, report.number)  # before their file moves
        if report.word == Filed.word:  # the library has it
            self.drop(sub.blob)
            return True
        wanted = sub.blob.size_bytes and settings.enabled and settings.keep != "none"
        blob = self.spool.take(sub.blob) if wanted else sub.blob
        if blob.spooled is not None and blob.spooled.name:
            self.record.take_over(blob.spooled.name, report.number)
        return blob.spooled is not None or not wanted or bool(blob.fault)

    def _give_up_late(self) -> None:
        """Write what is late for the last time; tell what is lost, sub by sub."""
        if any(self.late):
            try:
                self._catch_up()
            except StackError as error:
                log.error("the ledger cannot be written: %s", error)
        self.late.tell_lost()
        self.late, self._begun = LateSubs(), None

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

    def abandon(self) -> None:
        """Let go of the open session, which has not ended: the next start goes on with it."""
        self._give_up_late()
        if self.record is not None:
            self.record.checkpoints.wait()
            self.record.ledger.close()
        self.record = None

    def leave(self) -> None:
        """Let go of the open session as it is on the disk; the next line opens another."""
        if self.record is not None:
            self.record.ledger.close()
            self._sessions.keep_shown()
            self._sessions.end()
        self.record = None

    def end(self, state_after: StateAfter) -> None:
        """The open session has ended."""
        self._give_up_late()
        if self.record is not None:
            self.record.close(state_after(self.record.ledger.lines))
            self._sessions.end()
        self.record = None
