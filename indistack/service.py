"""The agent: sources, queue, pipeline, ledger and publisher, started and stopped together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.blob_queue import BlobQueue
from indistack.calibrate import Calibrator, Learner
from indistack.commands import Command, Pause, Reset, Resume, Save
from indistack.config import Config, jobs_of, to_toml
from indistack.errors import IndistackError, SourceError, StackError
from indistack.frame import Accepted, Blob, Filed, Restarted
from indistack.ledger import Ledger, describe, record, session_name
from indistack.pace import Pace
from indistack.pipeline import DUPLICATE, Pipeline
from indistack.publisher import Publisher
from indistack.session import Session
from indistack.sources import Source
from indistack.status import StatusFile
from indistack.workers import Workers

log = logging.getLogger(__name__)

Listener = Callable[[dict[str, Any]], None]
"""Gets the ledger line of every blob."""

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0

IDLE_S = 0.5
"""Without frames the status is refreshed that often."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Agent:
    """Runs until its sources end, `stop` is set, or enough subs were taken.

    Parameters
    ----------
    config : Config
        All settings.
    sources : sequence of Source
        Where frames come from.
    folder : Path
        Gets ``stack.fits``, ``stack.png``, ``status.json`` and ``sessions/``.
    calibrator_for : callable
        Makes the calibrator for the worker threads; reads the masters.
    listener : callable
        Told of every ledger line, if there is one.
    clock : callable
        Gives the time.
    learner : Learner
        Takes calibration frames into the library; without one they are refused.
    """

    def __init__(
        self,
        config: Config,
        sources: Sequence[Source],
        folder: Path,
        calibrator_for: Callable[[Workers], Calibrator],
        listener: Listener | None = None,
        clock: Callable[[], datetime] = utc_now,
        learner: Learner | None = None,
    ) -> None:
        _make_folder(folder)
        self._config = config
        self._sources = sources
        self._folder = folder
        self._listener = listener
        self._clock = clock
        self._learner = learner
        self._queue = BlobQueue(int(config.queue.max_mb * 1e6), folder / "spool")
        self._workers = Workers(jobs_of(config.stack))
        calibrator = calibrator_for(self._workers)
        learn = learner.learn if learner is not None else None
        self._pipeline = Pipeline(
            config, self._workers, calibrator, self._finish, learn=learn, folder=folder, pace=Pace()
        )
        self._publisher = Publisher(folder, config)
        self._status = StatusFile(folder / "status.json", clock)
        self._ledger: Ledger | None = None
        self._sessions = 0
        self._taken = 0
        self._subs = 0

    def send(self, command: Command) -> None:
        """Give a command; it acts after the frames that have arrived before it."""
        self._queue.put(command)

    def run(self, stop: threading.Event, max_subs: int = 0) -> None:
        """Work until done.

        Parameters
        ----------
        stop : Event
            Set it from anywhere: frames already received are still stacked, the last state is published.
        max_subs : int
            Stop after that many ledger lines, calibration frames that were filed not counted; 0 = no limit.
        """
        ended = threading.Event()
        if self._learner is not None:
            self._learner.start()
        threads = [threading.Thread(target=self._feed, args=(each, ended), daemon=True) for each in self._sources]
        for thread in threads:
            thread.start()
        try:
            while not (max_subs and self._subs >= max_subs):
                if stop.is_set():
                    ended.set()
                over = ended.is_set() or not any(thread.is_alive() for thread in threads)
                item = self._queue.get(IDLE_S)
                if item is not None:
                    self._handle(item)
                elif over:
                    break
                self._write_status("paused" if self._pipeline.paused else "running")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            self._close()

    def _feed(self, source: Source, stop: threading.Event) -> None:
        """Run one source, again and again if it fails."""
        pause_s = FIRST_RETRY_S
        while not stop.is_set():
            try:
                source.run(self._queue.put, stop)
                return
            except SourceError as error:
                log.error("%s; trying again in %.0f s", error, pause_s)
            except Exception:  # the top of a thread: the source is started anew
                log.exception("a bug in indistack; the source is started again in %.0f s", pause_s)
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, LAST_RETRY_S)

    def _handle(self, item: Blob | Command) -> None:
        match item:
            case Blob():
                self._take(item)
            case Reset():
                self._pipeline.reset()
            case Pause() | Resume():
                self._pipeline.paused = isinstance(item, Pause)
            case Save():
                if self._pipeline.session is not None and self._ledger is not None:
                    self._publisher.finish(self._pipeline.session, self._ledger.folder)

    def _take(self, blob: Blob) -> None:
        outcome = self._pipeline.process(blob)
        if outcome.reason == DUPLICATE:
            log.info("%s: the same frame again, already in the ledger", blob.origin)
            return
        self._taken += 1
        self._subs += not isinstance(outcome, Filed)
        line = record(self._taken, blob, outcome, self._clock())
        self._status.count(outcome, line)
        try:
            ledger = self._open_ledger(str(line.get("target") or ""))
            ledger.append(line)
            if outcome.reason == "internal_error":
                _keep_bytes(ledger.folder / "kept", self._taken, blob)
        except StackError as error:
            log.error("the ledger cannot be written: %s", error)
        log.info("%s %s", line["outcome"], describe(line))
        if self._listener is not None:
            self._listener(line)
        if self._pipeline.session is not None and isinstance(outcome, Accepted | Restarted):
            self._publisher.offer(self._pipeline.session)

    def _open_ledger(self, target: str) -> Ledger:
        """Return the ledger of the stack that is being made, begun with its first line."""
        if self._ledger is None:
            self._sessions += 1
            name = session_name(self._clock(), target, self._sessions)
            self._ledger = Ledger(self._folder / "sessions" / name)
            (self._ledger.folder / "settings.toml").write_text(to_toml(self._config), encoding="utf-8")
        return self._ledger

    def _finish(self, session: Session) -> None:
        """Keep a stack that has ended; the next line opens the next ledger."""
        if self._ledger is None:
            return
        self._publisher.finish(session, self._ledger.folder)
        self._ledger.close()
        self._ledger = None

    def _close(self) -> None:
        self._pipeline.reset()
        if self._ledger is not None:
            self._ledger.close()
        self._publisher.close()
        if self._learner is not None:
            self._learner.close()
        self._workers.close()
        self._write_status("stopped")

    def _write_status(self, state: str) -> None:
        facts = {
            "session": self._ledger.folder.name if self._ledger else "",
            "waiting": len(self._queue),
            "sources": [source.status() for source in self._sources],
            "library": self._learner.status() if self._learner is not None else None,
        }
        self._status.write(state, self._pipeline.session, facts)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{folder}: the output folder cannot be made: {error.strerror}") from error


def _keep_bytes(folder: Path, number: int, blob: Blob) -> None:
    """Keep the frame that a bug refused: it is wanted for mending the bug, and for the stack afterwards."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / f"{number:06d}{blob.suffix}").write_bytes(blob.data)
    except OSError as error:
        log.error("%s: cannot keep the bytes of a refused frame: %s", folder, error.strerror)
