"""Watches the machine through a night: the disk, memory, heat, current, clock; warns ahead, once."""

from __future__ import annotations

import itertools
import logging
import shutil
import statistics
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack.system import machine
from indistack.system.clock import utc_now
from indistack.system.machine import Health
from indistack.system.resources import available_bytes
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""Between two looks at the machine."""

REMEMBERED = 20
"""Subs whose times and sizes tell how fast the disk fills."""

SOON_MIN = 60.0
"""Of subs for which there is room on the disk, below which it is warned of."""

LOW_BYTES = 300_000_000
"""Memory left on the machine, below which it is warned of."""

HOT_C = 80.0
"""From there on a Pi holds its processor back."""

MANY_WAIT, GROWING_LOOKS = 10, 4
"""Frames that wait, and looks in a row at which they had become more, from which on subs come too fast."""

SLOW_SHARE = 0.5
"""Of the time between subs that writing a raw sub takes, from which the disk is slow."""


class MachineWatch:
    """Tells how the machine is, in one block of the status.

    Parameters
    ----------
    folder : Path
        On the disk that is written to.
    left_bytes : callable
        Tells how much of subs can still be kept.
    now : callable
        Gives the time.
    """

    def __init__(self, folder: Path, left_bytes: Callable[[], float], now: Callable[[], datetime] = utc_now) -> None:
        self._folder = folder
        self._left_bytes = left_bytes
        self._now = now
        self._begin_s, self._begin_bytes = time.monotonic(), machine.written_bytes() or 0
        self._subs: deque[tuple[float, int]] = deque(maxlen=REMEMBERED)
        self._last: SubReport | None = None
        self._look_s = 0.0
        self._n_waiting = self._n_growing = 0
        self._told: dict[str, Any] = {}

    def facts(self, held_bytes: int, last: SubReport | None, n_waiting: int = 0) -> dict[str, Any]:
        """Return the block. It changes with a sub, or when there is something new to warn of: cards wear out.

        Parameters
        ----------
        held_bytes : int
            What raw subs and checkpoints take on the disk.
        last : SubReport or None
            Of the newest sub.
        n_waiting : int
            Frames that have come and wait for their turn.
        """
        now_s = time.monotonic()
        is_new = last is not None and last is not self._last
        if is_new:
            self._subs.append((now_s, held_bytes))
            self._last = last
        if not self._told or now_s >= self._look_s:
            self._look_s = now_s + LOOK_S
            told = self._look(now_s)
            told["warnings"] += self._backlog(n_waiting)
            self._warn(told["warnings"])
            if is_new or told["warnings"] != self._told.get("warnings"):
                self._told = told
        return self._told

    def _look(self, now_s: float) -> dict[str, Any]:
        seen, disk = machine.health(), self._disk(now_s)
        free_bytes, unset = available_bytes(), machine.clock_is_unset(self._now())
        return {
            "disk": disk,
            "memory_free_mb": round(free_bytes / 1e6, -1),
            "temperature_c": seen.temperature_c,
            "under_voltage": seen.under_voltage,
            "was_under_voltage": seen.was_under_voltage,
            "throttled": seen.throttled,
            "was_throttled": seen.was_throttled,
            "clock_unset": unset,
            "warnings": [*warnings_of(disk, seen), *_more(free_bytes, unset)],
        }

    def _backlog(self, n_waiting: int) -> list[str]:
        """Tell of frames that come faster than they are stacked, not of a folder's that were there before."""
        is_known = self._n_growing >= GROWING_LOOKS and n_waiting >= MANY_WAIT
        self._n_growing = self._n_growing + 1 if n_waiting > self._n_waiting else GROWING_LOOKS if is_known else 0
        self._n_waiting = n_waiting
        if self._n_growing < GROWING_LOOKS or n_waiting < MANY_WAIT:
            return []
        return [f"subs come faster than they are stacked: {n_waiting} wait, none is lost; fewer stacks take less"]

    def _disk(self, now_s: float) -> dict[str, Any]:
        try:
            free_bytes, room = shutil.disk_usage(self._folder).free, max(0.0, self._left_bytes())
        except OSError:
            return {"free_gb": None, "minutes_left": None, "slow": False, "written_mb_h": None}
        rate = self._bytes_a_minute()
        hours = (now_s - self._begin_s) / 3600
        written = machine.written_bytes()
        return {
            "free_gb": round(free_bytes / 1e9, 1),
            "minutes_left": round(room / rate) if rate > 0 else None,
            "slow": self._is_slow(),
            "written_mb_h": round((written - self._begin_bytes) / 1e6 / hours)
            if written is not None and hours
            else None,
        }

    def _bytes_a_minute(self) -> float:
        """How fast subs fill the disk, 0 where it is not known yet."""
        if len(self._subs) < 2:
            return 0.0
        (begin_s, begin), (end_s, end) = self._subs[0], self._subs[-1]
        return 60 * (end - begin) / max(end_s - begin_s, 1e-3)

    def _is_slow(self) -> bool:
        if len(self._subs) < 2 or self._last is None:
            return False
        between_s = statistics.median(after - before for (before, _), (after, _) in itertools.pairwise(self._subs))
        took_ms = self._last.arrival.spool_ms if self._last.arrival is not None else None
        return (took_ms or 0.0) / 1e3 > SLOW_SHARE * between_s

    def _warn(self, warnings: list[str]) -> None:
        before = {_kind(text) for text in self._told.get("warnings", [])}
        for text in warnings:
            if _kind(text) not in before:
                log.warning("%s", text)


def warnings_of(disk: dict[str, Any], seen: Health) -> list[str]:
    """Return for people what may end the night."""
    found = []
    if disk["minutes_left"] is not None and disk["minutes_left"] < SOON_MIN:
        found.append(
            f"the disk is nearly full: room for {disk['minutes_left']} more minutes of subs, then they are not kept"
        )
    if disk["slow"]:
        found.append("the disk is slow: writing a raw sub takes most of the time between two")
    if seen.under_voltage:
        found.append("the power supply is too weak: under-voltage")
    if seen.temperature_c is not None and seen.temperature_c >= HOT_C:
        found.append(f"the processor is hot: {seen.temperature_c:.0f} C")
    if seen.throttled:
        found.append("the processor is held back: by heat, or a weak power supply")
    return found


def _more(free_bytes: int, clock_unset: bool) -> list[str]:
    memory = ["memory is nearly used up: what else runs on this machine?"] if free_bytes < LOW_BYTES else []
    return memory + (["the clock is not set: times in files are wrong"] if clock_unset else [])


def _kind(text: str) -> str:
    return text.partition(":")[0]
