"""One file of the live stack: when it is due, and how it is written."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from indistack.errors import SinkError
from indistack.sinks import Sink, Snapshot

log = logging.getLogger(__name__)


class OutputFile:
    """One file of the live stack and its cadence.

    Parameters
    ----------
    path : Path
        Where it is published.
    sink : Sink
        Writes it.
    interval_s, duty : float
        Shortest time between two publications; largest share of the time that writing may take.

    Attributes
    ----------
    next_s : float
        When it is due, by the monotonic clock.
    is_behind : bool
        The stack has changed since what it shows was taken.
    has_failed : bool
        What was to be written last could not be.
    """

    def __init__(self, path: Path, sink: Sink, interval_s: float, duty: float) -> None:
        self.path = path
        self.sink = sink
        self._interval_s = interval_s
        self._duty = duty
        self.next_s = 0.0
        self.is_behind = False
        self.has_failed = False

    def set_cadence(self, interval_s: float, duty: float) -> None:
        """Be due by another cadence, and now."""
        self._interval_s, self._duty, self.next_s = interval_s, duty, 0.0

    def is_due(self, now_s: float) -> bool:
        """Return whether enough time has passed."""
        return now_s >= self.next_s

    def write(self, snapshot: Snapshot) -> bool:
        """Publish; a failure is logged, told, and concerns this file only."""
        begin_s, self.has_failed = time.monotonic(), False
        try:
            self.sink.write(self.path, snapshot)
        except SinkError as error:
            log.error("cannot publish: %s", error)
            self.has_failed = True
        took_s = time.monotonic() - begin_s
        self.next_s = begin_s + max(self._interval_s, took_s / self._duty)
        return not self.has_failed
