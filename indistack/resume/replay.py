"""A session's stack made again from its raw subs, as a batch."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from indistack.calibrate import Calibrator
from indistack.commands import LIVE
from indistack.config import Config
from indistack.errors import FrameError
from indistack.pipeline.changes import set_live
from indistack.pipeline.intake import DISTURBED
from indistack.pipeline.pipeline import PAUSED, Pipeline
from indistack.resume.remake import again
from indistack.resume.state import recall
from indistack.store.checkpoint import DAMAGED, START, Checkpoints
from indistack.store.entries import AGAIN, SET, VALUE, Event
from indistack.store.session_reader import PastSession
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

RULE = "drift.enabled"
"""Of no meaning where all subs are to make one picture."""


class Replay:
    """A `Processing` that goes through a session's ledger instead of files.

    Subs that were removed by hand, came while the agent was paused, or were held back, are left out; all others are
    judged anew.
    Settings that were changed meanwhile change where they did; what the whole stack was made again by holds from the
    first sub on.

    Parameters
    ----------
    past : PastSession
        The session.
    calibrator_for : callable
        Makes the calibrator for the worker threads.
    exact : bool
        Combine all subs at once, where the method can.
    said : collection of str
        Names of settings that are asked for now, whatever was set then.
    """

    def __init__(
        self,
        past: PastSession,
        calibrator_for: Callable[[Workers], Calibrator],
        exact: bool = False,
        said: Collection[str] = (),
    ) -> None:
        self._past = past
        self._calibrator_for = calibrator_for
        self._exact = exact
        self._said = {RULE, *said}
        self._changes = [(after, event) for after, event in _changes(past) if event.name not in self._said]
        self._numbers: list[int] = []
        self._pipeline: Pipeline | None = None

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """Return a pipeline that knows of the camera what was known when the session began."""
        calibrator = self._calibrator_for(workers)
        pipeline = Pipeline(config, workers, calibrator, lambda _: None, skip_repeats=False, exact=self._exact)
        start = Checkpoints(self._past.folder, config.checkpoint).read(START)
        if start is not None:
            try:
                start.facts["changed"] = {}  # the session's settings are what was set before it
                recall(pipeline, start, lambda number: again(pipeline, self._past, number))
            except DAMAGED as error:
                log.warning("bad pixels are learned anew: %s", error)
        pipeline.paused = False
        for _, event in self._changes:
            if (event.settings or {}).get(AGAIN):
                _set_by(pipeline, event)
        self._pipeline = pipeline
        return pipeline

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:  # noqa: ARG002 - see `Processing`
        """Return the raw subs; those that are lost are told of."""
        self._numbers = []
        wanted = [report.number for report in self._past.lights() if report.reason not in (PAUSED, DISTURBED)]
        for number in sorted({*filter(self._past.is_in, wanted), *self._past.untold()}):
            self._follow_until(number)
            try:
                blob = self._past.blob(number)
            except FrameError as error:
                log.warning("sub %d is lost: %s", number, error.detail)
                continue
            self._numbers.append(number)
            yield blob
        self._follow_until(math.inf)

    def _follow_until(self, number: float) -> None:
        """Change the settings that were changed before a sub came."""
        while self._changes and self._changes[0][0] < number and self._pipeline is not None:
            _, event = self._changes.pop(0)
            if LIVE[event.name or ""].acts != "again":
                _set_by(self._pipeline, event)

    def number(self, place: int) -> int:
        """Return the number in the ledger."""
        return self._numbers[place - 1]

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """See `Processing`."""
        return iter(blobs)


def _changes(past: PastSession) -> Iterator[tuple[int, Event]]:
    """Yield the changes of settings, each with the number of the blob that came before it."""
    after = 0
    for entry in past.entries:
        after = entry.number if isinstance(entry, SubReport) else after
        if isinstance(entry, Event) and entry.word == SET and entry.name in LIVE:
            yield after, entry


def _set_by(pipeline: Pipeline, event: Event) -> None:
    set_live(pipeline, event.name or "", (event.settings or {}).get(VALUE))
