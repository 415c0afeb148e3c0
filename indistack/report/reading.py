"""A ledger read back: one stack's subs as columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from indistack.errors import IndistackError
from indistack.store.entries import LOST, READMITTED, REMOVED
from indistack.store.ledger import Line, ledger_of, read_lines
from indistack.store.session_reader import LIGHTS
from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.outcome import Refused


@dataclass(frozen=True)
class SubTable:
    """The subs of one stack, in the order in which they came.

    Attributes
    ----------
    path : Path
        The ledger.
    lines : tuple of Line
        One per sub; calibration frames are left out.
    damaged : tuple of int
        Lines of the file, from 1, that cannot be read.
    """

    path: Path
    lines: tuple[Line, ...]
    damaged: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str, element: int | None = None) -> DoubleArray:
        """Return ``(n,)`` numbers of a field, or of one element of a list; NaN where a line has none."""
        return np.array([_number(line.get(name), element) for line in self.lines], dtype=np.float64)

    def words(self, name: str) -> list[str]:
        """Return a field as text, "" where a line has none."""
        return [str(line.get(name) or "") for line in self.lines]

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Number of each sub in the ledger, by which it is taken out; its place, from 1, where a line has none."""
        told = (line.get("number") for line in self.lines)
        return tuple(number if isinstance(number, int) else place for place, number in enumerate(told, 1))

    @cached_property
    def used(self) -> BoolArray:
        """``(n,)``, True where the sub is in the stack."""
        return np.array([line["outcome"] != Refused.word for line in self.lines], dtype=bool)

    @cached_property
    def start(self) -> datetime:
        """Middle of the first exposure (UTC)."""
        return datetime.fromtimestamp(float(self._unix_s[0]), UTC)

    @cached_property
    def is_timed(self) -> bool:
        """Whether it is known when the subs were taken: files that were found without a date came at any time."""
        if np.isfinite(self._begin_s("date_obs")).mean() > 0.5:
            return True
        apart_s, exposure_s = np.diff(self._begin_s("received")), self.column("exposure_s")
        known = np.isfinite(exposure_s).any() and np.isfinite(apart_s).any()
        return bool(known and np.nanmedian(apart_s) >= np.nanmedian(exposure_s) > 0)

    @cached_property
    def time_s(self) -> DoubleArray:
        """Middle of each exposure, in seconds after `start`; the number of the sub, from 0, where that is unknown."""
        number = np.arange(len(self), dtype=np.float64)
        time_s: DoubleArray = self._unix_s - self._unix_s[0] if self.is_timed else number
        return time_s

    @cached_property
    def _unix_s(self) -> DoubleArray:
        """By the camera's clock, if it tells the time of most subs; else by the times when they came."""
        begin_s = self._begin_s("date_obs")
        if np.isfinite(begin_s).mean() <= 0.5:
            begin_s = self._begin_s("received")
        return _filled(begin_s + np.nan_to_num(self.column("exposure_s")) / 2)

    def _begin_s(self, name: str) -> DoubleArray:
        return np.array([_unix_s(line.get(name)) for line in self.lines])


def read_session(path: Path) -> SubTable:
    """Read a session's folder, or its ledger.

    Lines that a power cut or a bad card has damaged are left out and counted.

    Raises
    ------
    IndistackError
        There is no ledger, or no sub in it.
    """
    ledger, lines = ledger_of(path), read_lines(path)
    damaged = tuple(number for number, line in enumerate(lines, 1) if not isinstance(line.get("outcome"), str))
    subs = _with_fates([line for line in lines if line.get("outcome") in LIGHTS], lines)
    if not subs:
        raise IndistackError(f"{ledger}: no sub in it" + (f"; {len(damaged)} damaged lines" if damaged else ""))
    return SubTable(ledger, subs, damaged)


def _with_fates(subs: Sequence[Line], lines: Sequence[Line]) -> tuple[Line, ...]:
    """Tell of subs that were taken out of the stack by hand, or lost from it, as of those that never were in it."""
    fates = {line.get("number"): line for line in lines if line.get("outcome") in (REMOVED, READMITTED, LOST)}
    told = []
    for sub in subs:
        fate = fates.get(sub.get("number"), {})
        word = fate.get("outcome", READMITTED)
        out = {"outcome": Refused.word, "reason": word, "detail": fate.get("detail") or "taken out of the stack"}
        told.append(sub if word == READMITTED or sub["outcome"] == Refused.word else {**sub, **out})
    return tuple(told)


def _number(value: Any, element: int | None) -> float:
    if element is not None:
        value = value[element] if isinstance(value, list) and len(value) > element else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _unix_s(text: Any) -> float:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _filled(time_s: DoubleArray) -> DoubleArray:
    """A sub without a time came between its neighbours."""
    known, every = np.isfinite(time_s), np.arange(len(time_s))
    return np.interp(every, every[known], time_s[known]) if known.any() else every.astype(np.float64)
