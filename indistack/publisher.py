"""Writes the growing stack now and then, in a thread of its own; what is late is skipped, the latest wins."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

from indistack.config import Config
from indistack.enhance import render
from indistack.errors import SinkError
from indistack.session import Session
from indistack.sinks import SINKS, Sink, Snapshot

log = logging.getLogger(__name__)


class Output:
    """One file of the live stack and its cadence.

    Parameters
    ----------
    path : Path
        Where it is published.
    sink : Sink
        Writes it.
    interval_s, duty : float
        Shortest time between two publications; largest share of the time that writing may take.
    """

    def __init__(self, path: Path, sink: Sink, interval_s: float, duty: float) -> None:
        self.path = path
        self.sink = sink
        self._interval_s = interval_s
        self._duty = duty
        self._next_s = 0.0

    def is_due(self, now_s: float) -> bool:
        """Return whether enough time has passed."""
        return now_s >= self._next_s

    def write(self, snapshot: Snapshot) -> None:
        """Publish; a failure is logged and concerns this file only."""
        begin_s = time.monotonic()
        try:
            self.sink.write(self.path, snapshot)
        except SinkError as error:
            log.error("cannot publish: %s", error)
        took_s = time.monotonic() - begin_s
        self._next_s = begin_s + max(self._interval_s, took_s / self._duty)


class Publisher:
    """Publishes the live stack under ``folder/stack.*`` and keeps finished ones.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    config : Config
        Cadence and picture settings.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._config = config
        settings = config.publish
        self._outputs = [
            Output(folder / f"stack{sink.suffix}", sink, settings.interval_s, settings.duty)
            for sink in (SINKS.get(name)() for name in SINKS)
        ]
        self._cell: tuple[Snapshot, list[Output]] | None = None
        self._wake = threading.Condition()
        self._busy = False
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="publish", daemon=True)
        self._thread.start()

    def offer(self, session: Session) -> None:
        """Publish the session's stack if a file is due and the last publication is done; else do nothing."""
        now_s = time.monotonic()
        due = [output for output in self._outputs if output.is_due(now_s)]
        if not due or self._busy:
            return
        snapshot = session.snapshot(copy=True)
        with self._wake:
            self._cell, self._busy = (snapshot, due), True
            self._wake.notify()

    def finish(self, session: Session, keep: Path) -> None:
        """Publish the session's last state now and keep a copy of the files in the folder `keep`."""
        self._wait()
        self._publish(session.snapshot(copy=False), self._outputs)
        for output in self._outputs:
            try:
                _keep(output.path, keep / output.path.name)
            except OSError as error:
                log.error("cannot keep %s in %s: %s", output.path, keep, error.strerror)

    def close(self) -> None:
        """Let a publication under way end, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _wait(self) -> None:
        with self._wake:
            self._wake.wait_for(lambda: not self._busy)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._cell is not None or self._closing)
                if self._cell is None:
                    return
                (snapshot, outputs), self._cell = self._cell, None
            try:
                self._publish(snapshot, outputs)
            except Exception:  # the top of a thread: the next publication may do better
                log.exception("a bug in indistack; nothing was published")
            with self._wake:
                self._busy = False
                self._wake.notify_all()

    def _publish(self, snapshot: Snapshot, outputs: list[Output]) -> None:
        if any(output.sink.needs_preview for output in outputs):
            preview = render(snapshot.integration, snapshot.bottom_up, self._config.picture, snapshot.orientation)
            snapshot = replace(snapshot, preview=preview)
        for output in outputs:
            output.write(snapshot)


def _keep(source: Path, target: Path) -> None:
    """Give a published file a second name; a copy where the file system knows no links."""
    if not source.exists():
        return
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
