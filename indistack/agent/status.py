"""What the agent is doing, in a file that other programs read."""

from __future__ import annotations

import contextlib
import logging
import platform
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack import __version__
from indistack.agent.night_watch import NightWatch
from indistack.agent.snr_growth import SnrGrowth
from indistack.commands.client import STOPPED
from indistack.config import MAIN
from indistack.errors import SinkError
from indistack.output import snapshots
from indistack.session.session import Session
from indistack.store.ledger import dump
from indistack.store.line_writer import as_line
from indistack.system.atomic import atomic_file
from indistack.system.harmless import harmless_values
from indistack.system.resources import resident_bytes
from indistack.system.spare_file import SpareFile
from indistack.values.counted import counted
from indistack.values.outcome import Filed, Refused
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

StatusListener = Callable[[Mapping[str, Any]], None]
"""Gets what the file holds."""


class StatusFile:
    """Counts outcomes, and writes the file when something has changed: an idle agent spares the card.

    Parameters
    ----------
    path : Path
        The file.
    clock : callable
        Gives the time.
    growth : SnrGrowth, optional
        Is told of every sub.
    listener : callable, optional
        Is told of every change.

    Attributes
    ----------
    last_light : SubReport or None
        Of the newest sub, None before there is one.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime],
        listener: StatusListener | None = None,
        growth: SnrGrowth | None = None,
    ) -> None:
        self._growth = growth or SnrGrowth()
        self._night = NightWatch()
        self._path = path
        self._spare = SpareFile(path)
        self._fault = ""
        self._clock = clock
        self._listener = listener
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._left_out: dict[str, str] = {}
        self._last: dict[str, Any] = {}
        self._warnings: list[str] = []
        self._written: dict[str, Any] = {}
        self._pictures: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._cost: dict[str, float] = {}
        self.last_light: SubReport | None = None

    def count(self, report: SubReport) -> None:
        """Take note of what became of a blob."""
        self._count(report)
        self._night.add(report)
        self._last = as_line(report)
        self._cost = {"ms_a_sub": round(sum(report.times.values())), "memory_mb": round(resident_bytes() / 1e6)}
        if report.word != Filed.word:
            self.last_light = report
        if report.masters is not None:
            self._warnings = list(report.masters.warnings)

    def recall(self, reports: Iterable[SubReport]) -> None:
        """Count what another run has written into its ledger."""
        for report in reports:
            self._count(report)
            self._night.add(report, quiet=True)

    def _count(self, report: SubReport) -> None:
        self._growth.add(report)
        self._outcomes[report.word] += 1
        names = list(_names_of(report))
        for reason in filter(None, [self._left_out.pop(name, "") for name in names]):  # this holds no more
            self._outcomes -= Counter({Refused.word: 1})
            self._reasons -= Counter({reason: 1})
        if report.word == Refused.word:
            self._reasons[report.reason] += 1
            self._left_out.update(dict.fromkeys(names[:1], report.reason))

    def show(self, pictures: Mapping[str, Any]) -> None:
        """Tell at once of pictures that are published, beside what was told last; from any thread.

        See `Showcase.told`.
        """
        with self._lock:
            self._pictures = dict(pictures)
            if self._written:
                self._put({**self._written, **self._with_snr()})

    def _with_snr(self) -> dict[str, Any]:
        """Return what is known of the pictures; the main one's SNR is that of the sub that it ends with."""
        shown = self._pictures.get("shown", {})
        main = {MAIN: {**shown[MAIN], **self._growth.at(shown[MAIN].get("sub", 0))}} if MAIN in shown else {}
        return {**self._pictures, "shown": {**shown, **main}} if shown else self._pictures

    def write(self, state: str, session: Session | None, facts: Mapping[str, Any]) -> None:
        """Write it, with facts that only the agent knows; a disk that does not take it costs a line in the log."""
        status = {
            "version": __version__,
            "host": platform.node(),
            "state": state,
            "n_subs": session.n_subs if session else 0,
            "exposure_s": session.exposure_s if session else 0.0,
            "rung": str(session.rung) if session else "",
            "stacks": snapshots.numbers(session) if session else {},
            "outcomes": dict(self._outcomes),
            "refusals": dict(self._reasons),
            "warnings": self._warnings,
            "hints": self._night.told(),
            **self._cost,
            **facts,
            "last": self._last,
        }
        with self._lock:
            self._put({**self._with_snr(), **status})

    def _put(self, said: dict[str, Any]) -> None:
        status = harmless_values(said)
        is_old = status == self._written
        if is_old and self._path.exists():
            return
        self._written = status
        if self._listener is not None and not is_old:
            self._listener(status)
        stamped = {"time": self._clock().isoformat(timespec="milliseconds"), **status}
        self._save(dump(stamped, indent=1).encode())
        if status.get("state") == STOPPED:
            self._spare.give_up()

    def _save(self, text: bytes) -> None:
        """Write the file, on a full disk in the room that is kept for it: people are to read there that it is full."""
        try:
            with atomic_file(self._path, durable=False) as file:
                file.write(text)
            self._fault = ""
            with contextlib.suppress(OSError):
                self._spare.keep()
        except SinkError as error:
            try:
                self._spare.write(text)
            except OSError:
                if str(error) != self._fault:
                    log.error("cannot publish: %s", error)
                self._fault = str(error)


def _names_of(report: SubReport) -> Iterator[str]:
    """Yield what tells that a sub is the same again: its pixels, or its file where those could not be read."""
    if report.frame is not None and report.frame.fingerprint:
        yield report.frame.fingerprint
    if report.arrival is not None and report.arrival.path:
        yield report.arrival.path


def waits_for(paused: bool, n_waiting: int, sources: Iterable[object]) -> str:
    """Return for people what must happen before the next sub is stacked.

    Parameters
    ----------
    paused : bool
        No sub is wanted.
    n_waiting : int
        Frames that have come.
    sources : iterable
        Their status, see `Source`.
    """
    if paused:
        return "paused, until it is told to resume"
    if n_waiting:
        return f"{counted(n_waiting, 'frame')} to be worked on"
    every = (each.get("waits_for") if isinstance(each, Mapping) else getattr(each, "waits_for", "") for each in sources)
    return ", or ".join(str(text) for text in every if text)
