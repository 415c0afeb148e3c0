"""Goes on with a session that has not ended: its last checkpoint, then what its ledger says of the subs since."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from indistack.errors import FrameError, IndistackError
from indistack.pipeline.pipeline import PAUSED, Pipeline
from indistack.resume.remove_sub import again, readmit, remove
from indistack.resume.replay_entry import follow, skip
from indistack.resume.state import recall, start_of
from indistack.store.checkpoint import DAMAGED, State
from indistack.store.entries import Line, event
from indistack.store.ledger import Ledger
from indistack.store.session_reader import BRANCH, DROPPED, LOST, READMITTED, REMOVED, STACKED, PastSession
from indistack.store.session_record import SessionRecord
from indistack.values.outcome import Refused

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

    def run(self) -> None:
        """Do it; what cannot be done again is told of and left out."""
        lines = self._past.lines
        begin = self._load()
        log.info(
            "%s: going on after %d subs, %d more lines", self._past.folder.name, self._n_subs(), len(lines) - begin
        )
        for line in lines[begin:]:
            try:
                self._follow(line)
            except (IndistackError, *DAMAGED) as error:
                self._tell(line, error)
        log.info("%s: %d subs in the stack", self._past.folder.name, self._n_subs())

    def _load(self) -> int:
        """Take the newest state that is whole; return how many lines are in it."""
        for state in (*self._checkpoints.newest_first(), start_of(self._pipeline)):
            if state.lines <= len(self._past.lines) and self._recall(state):
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

    def _follow(self, line: Line) -> None:
        outcome = line.get("outcome")
        if outcome in (*STACKED, Refused.word):
            self._follow_sub(line)
        elif outcome == REMOVED:
            remove(self._pipeline, self._past.before(line), line["number"])
        elif outcome == READMITTED:
            readmit(self._pipeline, self._past.before(line), line["number"])
        elif outcome in (BRANCH, DROPPED):
            self._follow_branch(line)

    def _follow_sub(self, line: Line) -> None:
        self._pipeline.paused = line.get("reason") == PAUSED
        if line.get("masters") is None:  # it was not looked at
            return
        try:
            follow(self._pipeline, line, self._past.blob(line["number"]))
        except FrameError:
            skip(self._pipeline, line)
            raise

    def _follow_branch(self, line: Line) -> None:
        if line["outcome"] == BRANCH:
            self._pipeline.open_branch(line["name"], line["settings"])
        else:
            self._pipeline.drop_branch(line["name"])

    def _tell(self, line: Line, error: Exception) -> None:
        """Say once what is missing from the stack."""
        number = line.get("number", 0)
        log.error("sub %d is lost from the stack: %s", number, error)
        if line.get("outcome") in STACKED and self._past.is_in(number):
            self._ledger.append(event(LOST, self._now, number=number, detail=str(error)))

    def _n_subs(self) -> int:
        return self._pipeline.session.n_subs if self._pipeline.session is not None else 0
