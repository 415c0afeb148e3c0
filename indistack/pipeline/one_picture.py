"""Makes one picture of all subs, also where the first of them turns out to be the odd one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from indistack.pipeline.intake import DUPLICATE
from indistack.pipeline.pipeline import Pipeline
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Outcome, Restarted

log = logging.getLogger(__name__)


class OnePicture:
    """Takes blobs into one stack; where a new one begins, those before are taken once more.

    Parameters
    ----------
    pipeline : Pipeline
        Begins a new stack for no reason but an odd first sub.
    again : callable
        Gives blobs once more that have been worked on.
    """

    def __init__(self, pipeline: Pipeline, again: Callable[[Sequence[Blob]], Iterable[Blob]] = iter) -> None:
        self._pipeline = pipeline
        self._again = again
        self._before: dict[int, Blob] = {}
        self._count = 0

    def process(self, blob: Blob) -> Iterator[tuple[int, Outcome]]:
        """Take a blob the whole way.

        Returns
        -------
        iterator of (int, Outcome)
            Count of the blob, from 1, and what became of it; then, rarely, the same anew of some before it.
        """
        self._count += 1
        outcome = self._pipeline.process(blob, self._count)
        if not isinstance(outcome, Restarted):
            self._keep(blob, outcome)
            yield self._count, outcome
            return
        log.warning("the first sub is unlike those that follow: the stack begins anew with %s", blob.origin)
        yield self._count, Accepted(outcome.report)
        before, self._before = self._before, {}
        for number, earlier in zip(before, self._again(list(before.values())), strict=True):
            yield number, self._pipeline.process(earlier, number, known=True)

    def _keep(self, blob: Blob, outcome: Outcome) -> None:
        """Keep what may be wanted again."""
        session = self._pipeline.session
        if session is not None and not session.drift.on_trial:
            self._before.clear()
        elif outcome.reason != DUPLICATE:
            self._before[self._count] = blob
