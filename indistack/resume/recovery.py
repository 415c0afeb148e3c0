"""Goes on with a session that has not ended: its last checkpoint, then what its ledger says of the subs since."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from indistack.errors import FrameError, IndistackError, StackError
from indistack.pipeline.changes import drop_branch, open_branch, set_live
from indistack.pipeline.pipeline import PAUSED, Pipeline
from indistack.resume.pointing import COMET, follow_comet
from indistack.resume.remake import again
from indistack.resume.remove_sub import readmit, remove
from indistack.resume.replay_entry import follow, skip
from indistack.resume.restack import restack
from indistack.resume.state import recall, start_of
from indistack.session.session import Session
from indistack.store.checkpoint import DAMAGED, State
from indistack.store.entries import (
    AGAIN,
    BRANCH,
    DROPPED,
    LOST,
    NAMED,
    READMITTED,
    REMOVED,
    SET,
    STACKED,
    VALUE,
    Damaged,
    Entry,
    Event,
)
from indistack.store.ledger import LEDGER, Ledger
from indistack.store.line_writer import as_line
from indistack.store.session_reader import LIGHTS, PastSession
from indistack.store.session_record import SessionRecord
from indistack.values.outcome import Filed
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)


class Recovery:
    """Brings a pipeline to where it was after the last line of a session.

    Parameters
    ----------
    pipeline : Pipeline
        A new one, with the session's settings.
    past : PastSession
        The session.
    record : SessionRecord
        Has the checkpoints, and gets a line for every sub that is lost.
    now : datetime
        For these lines.
    """

    def __init__(self, pipeline: Pipeline, past: PastSession, record: SessionRecord, now: datetime) -> None:
        self._pipeline = pipeline
        self._past = past
        self._ledger: Ledger = record.ledger
        self._checkpoints = record.checkpoints
        self._now = now
        self._told_again = {*past.untold(), *(report.number for report in past.reports())}

    def run(self) -> None:
        """Do it; what cannot be done again is told of and left out."""
        entries = self._past.entries
        for why in sorted({entry.why for entry in entries if isinstance(entry, Damaged)}):
            log.warning("%s: %s", self._past.folder / LEDGER, why)
        begin = self._load()
        log.debug(
            "%s: going on after %d subs, %d more lines", self._past.folder.name, self._n_subs(), len(entries) - begin
        )
        for entry in entries[begin:]:
            try:
                self._follow(entry)
            except (IndistackError, *DAMAGED) as error:
                self._tell(entry, error)
        log.info("%s: %d subs in the stack", self._past.folder.name, self._n_subs())

    def _load(self) -> int:
        """Take the newest state that is whole; return how many lines are in it."""
        for state in (*self._checkpoints.newest_first(), start_of(self._pipeline)):
            if state.lines <= self._past.n_certain and self._recall(state):
                return state.lines
        return 0

    def _recall(self, state: State) -> bool:
        def one(number: int) -> Any:
            return again(self._pipeline, self._past, number)

        try:
            recall(self._pipeline, state, one)
        except (IndistackError, *DAMAGED) as error:
            log.warning("the checkpoint after line %d is of no use: %s", state.lines, error)
            return False
        return True

    def _follow(self, entry: Entry) -> None:
        match entry:
            case SubReport() if entry.word != Filed.word:
                self._follow_sub(entry)
            case Event(number=int(number)) if entry.word in (REMOVED, READMITTED):
                change = remove if entry.word == REMOVED else readmit
                change(self._pipeline, self._past.before(entry), number)
            case Event(name=str(name)):
                self._follow_change(name, entry)
            case Damaged() if entry.word in LIGHTS and entry.number not in self._told_again:
                raise StackError(entry.why)

    def _follow_sub(self, report: SubReport) -> None:
        self._pipeline.paused = report.reason == PAUSED
        if report.masters is None:  # it was not looked at
            return
        try:
            follow(self._pipeline, report, self._past.blob(report.number))
        except FrameError:
            skip(self._pipeline, report)
            raise

    def _follow_change(self, name: str, event: Event) -> None:
        settings = event.settings or {}
        if event.word == SET:
            set_live(self._pipeline, name, settings.get(VALUE))
            if name == COMET:
                follow_comet(self._pipeline)
            if settings.get(AGAIN):
                restack(self._pipeline, self._past.before(event))
        elif event.word == NAMED:
            self._pipeline.starter.named = name
        elif event.word == BRANCH:
            open_branch(self._pipeline, name, settings)
        elif event.word == DROPPED:
            drop_branch(self._pipeline, name)

    def _tell(self, entry: Entry, error: Exception) -> None:
        """Say once what is missing from the stack."""
        number = entry.number or 0
        log.error("sub %d is lost from the stack: %s", number, error)
        if entry.word in STACKED and self._past.is_in(number):
            self._ledger.append(as_line(Event(LOST, self._now, number, detail=str(error))))

    def _n_subs(self) -> int:
        return self._pipeline.session.n_subs if self._pipeline.session is not None else 0


def is_worth(session: Session | None, past: PastSession) -> bool:
    """Tell whether what is left of a stack may take the place of its pictures: that most of it is there."""
    return 2 * (session.n_subs if session is not None else 0) >= past.n_subs
