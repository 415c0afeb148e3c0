"""Takes what arrives into the stack, and tells everybody who is to know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from indistack.agent.passed_by import PassedBy
from indistack.agent.status import StatusFile
from indistack.centre import Keeper
from indistack.config import record_settings
from indistack.errors import StackError
from indistack.output.publisher import Publisher
from indistack.output.sub_previews import SubPreviews
from indistack.pipeline.intake import DUPLICATE
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.state import start_of, state_of
from indistack.store.attempts import Attempts
from indistack.store.entries import decided, describe
from indistack.store.journal import Journal
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Filed, Outcome, Restarted
from indistack.values.sub_parts import Centring
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

Listener = Callable[[SubReport], None]
"""Gets the report of every blob."""


class BlobHandler:
    """Takes blobs one by one.

    Parameters
    ----------
    pipeline : Pipeline
        Makes the stacks.
    journal : Journal
        Gets a line for every blob.
    publisher : Publisher
        Shows what has changed.
    status : StatusFile
        Counts.
    previews : SubPreviews
        Keeps a small picture of each.
    keeper : Keeper or None
        Keeps the target in the middle.
    clock : callable
        Gives the time.
    listener : callable or None
        Told of every blob's report.
    taken : int
        Number of the last line that the session has, if it is gone on with.

    Attributes
    ----------
    subs : int
        Lines that were written, calibration frames that were filed not counted.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        journal: Journal,
        publisher: Publisher,
        status: StatusFile,
        previews: SubPreviews,
        keeper: Keeper | None,
        clock: Callable[[], datetime],
        listener: Listener | None,
        taken: int,
    ) -> None:
        self._pipeline = pipeline
        self._journal = journal
        self._publisher = publisher
        self._status = status
        self._previews = previews
        self._keeper = keeper
        self._clock = clock
        self._listener = listener
        self._taken = taken
        self._attempts = Attempts(journal.spool)
        self._passed_by = PassedBy()
        self.subs = 0

    def take(self, blob: Blob, number: int = 0) -> None:
        """Take a blob the whole way; a repeat of one leaves no line.

        Where it begins a new stack, those before it that agree with it follow it there.

        Parameters
        ----------
        blob : Blob
            What has arrived.
        number : int
            That it has in its session, whose line for it is lost; 0 gives it the next one.
        """
        outcome = self._take(blob, number)
        self.subs += not isinstance(outcome, Filed) and not (outcome.reason == DUPLICATE and not number)
        if isinstance(outcome, Restarted):
            for earlier in self._passed_by.begun(outcome.reason):
                self._take(earlier, known=True)

    def _take(self, blob: Blob, number: int = 0, known: bool = False) -> Outcome:
        """Take a blob; `known`: it was refused before, and is meant once more."""
        start, place = start_of(self._pipeline), number or self._taken + 1
        blob = self._attempts.begin(blob, place)
        outcome = self._pipeline.process(blob, place, known)
        self._publisher.look(self._pipeline.session)  # who waits for it need not wait for the ledger
        self._attempts.end()
        if outcome.reason == DUPLICATE and not number:
            log.info("%s: the same frame again, already in the ledger", blob.origin)
            self._journal.drop(blob)
            return outcome
        self._taken = max(self._taken, place)
        report = replace(decided(place, outcome, self._clock()), centring=self._centre(outcome, blob.received))
        self._status.count(report)
        try:
            self._journal.add(report, blob, self._pipeline.mended, record_settings(self._pipeline.config), start)
        except StackError as error:
            log.error("the ledger cannot be written: %s", error)
        if self._journal.record is not None and not isinstance(outcome, Filed):
            self._previews.keep(self._journal.record.folder, report)
        self._passed_by.see(report, self._journal.record.folder if self._journal.record is not None else None)
        log.log(logging.DEBUG if self._listener is not None else logging.INFO, "%s %s", report.word, describe(report))
        if self._listener is not None:
            self._listener(report)
        if self._pipeline.session is not None and isinstance(outcome, Accepted | Restarted):
            record = self._journal.record
            self._publisher.offer(self._pipeline.session, record.folder if record is not None else None)
            self._journal.checkpoint(partial(state_of, self._pipeline))
        return outcome

    def tell_anew(self, past: PastSession) -> None:
        """Stack the raw subs of a session whose lines are lost, so that each has one again."""
        for number in past.untold():
            log.warning("%s: the line of sub %d is lost; it is stacked again", past.folder.name, number)
            self.take(past.blob_to_tell(number), number)

    def _centre(self, outcome: Outcome, received: datetime) -> Centring | None:
        """Keep the target in the middle; return what the ledger is to know of it."""
        session, place = self._pipeline.session, outcome.report.place
        if self._keeper is None or session is None or place is None:
            return None
        size_px = session.reference.scene.width, session.reference.scene.height
        return Centring(self._keeper.judge(place.shift_px, session.sky.wcs, size_px, received))
