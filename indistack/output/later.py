"""A thread that writes what may wait, one thing at a time, beside the one with the picture that people look at."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from indistack.errors import SinkError
from indistack.output.snapshots import NoPictureError

log = logging.getLogger(__name__)


@contextmanager
def logged(name: str) -> Iterator[None]:
    """Log what goes wrong with a picture at the top of a thread: its next publication may do better."""
    try:
        yield
    except NoPictureError:
        log.debug("%s was dropped before it was published", name)
    except SinkError as error:
        log.error("cannot publish %s: %s", name, error)
    except Exception:
        log.exception("a bug in indistack; %s was not published", name)


class Later:
    """Does one thing after another beside the thread that hands them over.

    Parameters
    ----------
    freed : callable
        Is called by the thread whenever it has ended something.
    """

    def __init__(self, freed: Callable[[], None]) -> None:
        self._freed = freed
        self._job: tuple[str, Callable[[], None]] | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="publish later", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done; nothing may be handed over then."""
        return self._job is not None

    def do(self, name: str, job: Callable[[], None]) -> None:
        """Have something done for a picture. What it needs it holds itself, and lets go of as soon as it has ended."""
        with self._wake:
            self._job = name, job
            self._wake.notify()

    def close(self) -> None:
        """Let what is under way end, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._job is not None or self._closing)
                job = self._job
            if job is None:
                return
            with logged(job[0]):
                job[1]()
            del job
            with self._wake:
                self._job = None
            self._freed()
