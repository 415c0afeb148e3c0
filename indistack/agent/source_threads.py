"""Runs the sources, each in a thread of its own, and again where one fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from indistack.errors import SourceError
from indistack.sources import Emit, Source
from indistack.values.counted import counted

log = logging.getLogger(__name__)

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0


class SourceThreads:
    """Where an agent's frames come from.

    Parameters
    ----------
    sources : sequence of Source
        All of them.
    emit : callable
        Gets every frame, in the threads of the sources.
    """

    def __init__(self, sources: Sequence[Source], emit: Emit) -> None:
        self._sources = sources
        self._emit = emit
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,), daemon=True) for each in sources]

    def start(self) -> None:
        """Let the frames come."""
        for thread in self._threads:
            thread.start()

    @property
    def is_over(self) -> bool:
        """Whether no more frames are to come: it has been ended, or all sources have."""
        return self._ended.is_set() or not any(thread.is_alive() for thread in self._threads)

    def end(self, n_waiting: int = 0) -> None:
        """Let no more frames come; tell once how many are still to be worked on."""
        if n_waiting and not self._ended.is_set():
            log.info("%s still to be stacked", counted(n_waiting, "frame"))
        self._ended.set()

    def close(self) -> None:
        """Return when no source runs any more."""
        self.end()
        for thread in self._threads:
            thread.join()

    def status(self) -> list[object]:
        """Return how things stand with every source."""
        return [source.status() for source in self._sources]

    def _run(self, source: Source) -> None:
        pause_s = FIRST_RETRY_S
        while not self._ended.is_set():
            try:
                source.run(self._emit, self._ended)
                return
            except SourceError as error:
                log.error("%s; trying again in %.0f s", error, pause_s)
            except Exception:  # the top of a thread: the source is started anew
                log.exception("a bug in indistack; the source is started again in %.0f s", pause_s)
            self._ended.wait(pause_s)
            pause_s = min(2 * pause_s, LAST_RETRY_S)
