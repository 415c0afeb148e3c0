"""A session's stack made again from its raw subs, as a batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.errors import FrameError
from indistack.pipeline.pipeline import PAUSED, Pipeline
from indistack.resume.remove_sub import again
from indistack.resume.state import recall
from indistack.store.checkpoint import DAMAGED, START, Checkpoints
from indistack.store.session_reader import PastSession
from indistack.system.workers import Workers
from indistack.values.blob import Blob

log = logging.getLogger(__name__)


class Replay:
    """A `batch.Processing` that goes through a session's ledger instead of files.

    Subs that were removed by hand, or came while the agent was paused, are left out; all others are judged anew.

    Parameters
    ----------
    past : PastSession
        The session.
    calibrator_for : callable
        Makes the calibrator for the worker threads.
    exact : bool
        Combine all subs at once, where the method can.
    """

    def __init__(self, past: PastSession, calibrator_for: Callable[[Workers], Calibrator], exact: bool = False) -> None:
        self._past = past
        self._calibrator_for = calibrator_for
        self._exact = exact
        self._numbers: list[int] = []

    def pipeline(self, config: Config, workers: Workers) -> Pipeline:
        """Return a pipeline that knows of the camera what was known when the session began."""
        calibrator = self._calibrator_for(workers)
        pipeline = Pipeline(config, workers, calibrator, lambda _: None, skip_repeats=False, exact=self._exact)
        start = Checkpoints(self._past.folder, config.checkpoint).read(START)
        if start is not None:
            try:
                recall(pipeline, start, lambda number: again(pipeline, self._past, number))
            except DAMAGED as error:
                log.warning("bad pixels are learned anew: %s", error)
        pipeline.paused = False
        return pipeline

    def blobs(self, files: Sequence[Path]) -> Iterator[Blob]:  # noqa: ARG002 - see `batch.Processing`
        """Return the raw subs; those that are lost are told of."""
        self._numbers = []
        wanted = [report.number for report in self._past.lights() if report.reason != PAUSED]
        for number in sorted({*filter(self._past.is_in, wanted), *self._past.untold()}):
            try:
                blob = self._past.blob(number)
            except FrameError as error:
                log.warning("sub %d is lost: %s", number, error.detail)
                continue
            self._numbers.append(number)
            yield blob

    def number(self, place: int) -> int:
        """Return the number in the ledger."""
        return self._numbers[place - 1]

    def again(self, blobs: Sequence[Blob]) -> Iterator[Blob]:
        """See `batch.Processing`."""
        return iter(blobs)
