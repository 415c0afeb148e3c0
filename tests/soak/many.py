"""Thousands of small subs in one session: memory, descriptors, threads and the time of a sub stay as they are."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from indistack.agent.agent import Agent
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.settings import load
from indistack.sources import Emit
from indistack.store.session_folders import SessionFolders
from indistack.system.resources import resident_bytes
from indistack.values.blob import Blob, Content
from indistack.values.sub_report import SubReport
from tests.pipeline.night import blob_of, make_sky
from tests.soak.figures import Clock, Figures

SUBS, WARM_UP, LOOKS, HEADER_BYTES = 10_000, 500, 8, 5760
SETTINGS = (
    "spool.min_free_gb=0",
    "stack.keep_up=false",
    "align.method=none",
    "quality.enabled=false",
    "solve.program=off",
)

MOST_GROWTH_MB, MOST_OF_EARLY = 8.0, 1.5


@dataclass(frozen=True, slots=True)
class Look:
    """What an agent took after so many subs."""

    subs: int
    resident_mb: float
    descriptors: int
    threads: int
    ms: float


class Night:
    """A source of many subs that differ in noise alone, as fast as they are taken.

    Parameters
    ----------
    first : Blob
        The first of them.
    clock : Clock
        When no more are made.
    """

    def __init__(self, first: Blob, clock: Clock) -> None:
        self._first = first
        self._clock = clock
        self.room = threading.Semaphore(4)
        self.made = 0

    def status(self) -> dict[str, str]:
        """See `Source`."""
        return {"source": "soak"}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """See `Source`."""
        random = np.random.default_rng(1)
        data = np.frombuffer(self._first.data, ">i2")
        while self.made < SUBS and not stop.is_set() and not self._clock.is_over():
            self.room.acquire()
            noisy = data.copy()
            noisy[HEADER_BYTES // 2 : -2880] += random.integers(-3, 4, len(noisy) - HEADER_BYTES // 2 - 2880, np.int16)
            self.made += 1
            received = self._first.received + timedelta(seconds=10 * self.made)
            emit(replace(self._first, content=Content(noisy.tobytes()), origin=f"{self.made}.fits", received=received))


def soak(folder: Path, clock: Clock) -> Figures:
    """Stack up to `SUBS` subs, and look at what the process takes now and then."""
    sky = make_sky(width_px=64, height_px=48, n_stars=10, mag_max=9.0)
    night, looks, times = Night(blob_of(sky.expose()), clock), list[Look](), list[float]()
    last_s = time.perf_counter()

    def listen(report: SubReport) -> None:
        nonlocal last_s
        night.room.release()
        now_s = time.perf_counter()
        times.append(1e3 * (now_s - last_s))
        last_s = now_s
        if report.number % WARM_UP == 0:
            open_files = len(list(Path("/proc/self/fd").iterdir()))
            looks.append(
                Look(
                    report.number,
                    resident_bytes() / 1e6,
                    open_files,
                    threading.active_count(),
                    statistics.median(times),
                )
            )
            times.clear()

    config = load(Config, None, list(SETTINGS))
    Agent(config, [night], folder, calibrator_factory(config), listener=listen).run(threading.Event())
    return _judged(folder, night.made, looks)


def _judged(folder: Path, made: int, looks: list[Look]) -> Figures:
    lines = sum(len(path.read_text().splitlines()) for path in folder.glob("sessions/*/ledger.jsonl"))
    figures = Figures("many subs, one session", len(SessionFolders(folder).all()), made, lines)
    if len(looks) < 2:
        figures.note = "too few for a trend"
        return figures
    first, last = looks[1] if len(looks) > 2 else looks[0], looks[-1]
    figures.note = (
        f"after {first.subs} and {last.subs}: {first.resident_mb:.0f} and {last.resident_mb:.0f} MB, "
        f"{first.descriptors} and {last.descriptors} descriptors, {first.threads} and {last.threads} threads, "
        f"{first.ms:.1f} and {last.ms:.1f} ms a sub"
    )
    if last.resident_mb > first.resident_mb + MOST_GROWTH_MB or last.ms > MOST_OF_EARLY * first.ms:
        figures.faults.append("it grows")
    if last.descriptors > first.descriptors + 2 or last.threads > first.threads + 1:
        figures.faults.append("descriptors or threads leak")
    return figures
