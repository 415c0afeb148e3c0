"""Has stacks made anew in the background while subs go on being stacked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial

from indistack.errors import IndistackError
from indistack.output.publisher import Publisher
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.remake import Remake, is_stale
from indistack.resume.state import state_of
from indistack.session.session import Session
from indistack.store.journal import Journal
from indistack.store.session_reader import PastSession
from indistack.values.counted import counted

log = logging.getLogger(__name__)

PATIENCE_S = 60.0
"""How long an end waits: a service is killed 90 s after it is told to stop."""

FEW = 2
"""So many subs that came meanwhile are taken while the next one waits."""

MOST_ROUNDS = 8
"""Where subs come as fast as the new stack takes them it never catches up: so often it tries; then they wait for it."""


class Remaker:
    """Looks, between two subs, whether stacks are behind the ledger, and how far new ones are.

    Parameters
    ----------
    pipeline : Pipeline
        Has the stacks.
    journal : Journal
        Has its ledger.
    publisher : Publisher
        Shows the new stacks.

    Attributes
    ----------
    fault : str
        Why it cannot be done, "" where it can.
    """

    def __init__(self, pipeline: Pipeline, journal: Journal, publisher: Publisher) -> None:
        self._pipeline = pipeline
        self._journal = journal
        self._publisher = publisher
        self._work: Remake | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._rounds = 0
        self._wanted = 0
        self.fault = ""

    def told(self) -> str:
        """Return for people how far it is, "" where nothing is to be done."""
        if not is_stale(self._pipeline.session):
            return ""
        done = len(self._work.numbers) if self._work is not None else 0
        return self.fault or f"the stack is made anew without what was taken out: {done} of {self._wanted} subs"

    def try_again(self) -> None:
        """A person has changed what is wanted: what went wrong before may go now."""
        self.fault = ""

    def look(self) -> None:
        """Go on with what is to be done."""
        session, record = self._pipeline.session, self._journal.record
        if session is None or record is None or not is_stale(session):
            self.close()
        elif not self.fault and not self._is_at_work():
            try:
                self._go_on(session, PastSession(record.folder))
            except IndistackError as error:
                self._fail(error)

    def finish(self) -> None:
        """Wait until the new stacks are there, or for `PATIENCE_S`: then the old ones stay."""
        end_s = time.monotonic() + PATIENCE_S
        while is_stale(self._pipeline.session) and not self.fault and time.monotonic() < end_s:
            self.look()
            if self._thread is not None:
                self._thread.join(max(0.0, end_s - time.monotonic()))
        self.close()
        if is_stale(self._pipeline.session):
            log.warning("what was taken out is still in the pictures: %s", self.fault or "there was no time")

    def close(self) -> None:
        """Give up what has been begun."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._stop.clear()
        self._work = self._thread = None
        self._rounds = 0

    def _is_at_work(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _go_on(self, session: Session, past: PastSession) -> None:
        wanted = past.in_stack()
        self._wanted = len(wanted)
        if self._work is None or self._work.session is not session or not self._work.follows(wanted):
            self.close()
            self._work = Remake(self._pipeline, session)
        missing = wanted[len(self._work.numbers) :]
        if len(missing) <= FEW or self._rounds >= MOST_ROUNDS:
            self._complete(self._work, past, missing)
            return
        self._rounds += 1
        self._thread = threading.Thread(target=self._run, args=(self._work, past, missing), name="remake")
        self._thread.start()

    def _complete(self, work: Remake, past: PastSession, missing: Sequence[int]) -> None:
        for number in missing:
            work.take(past, number)
        work.take_their_place()
        log.info("the stack has been made anew from %s", counted(len(work.numbers), "sub"))
        self.close()
        self._publisher.offer(work.session)
        self._journal.checkpoint(partial(state_of, self._pipeline))

    def _run(self, work: Remake, past: PastSession, missing: Sequence[int]) -> None:
        try:
            for number in missing:
                if self._stop.is_set():
                    return
                work.take(past, number)
        except IndistackError as error:
            self._fail(error)
        except Exception as error:  # a bug must not cost the stack that is there
            log.exception("a bug in indistack; the stack stays as it is")
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.fault = f"the stack could not be made anew, and stays as it is: {error}"
        log.error("%s", self.fault)
