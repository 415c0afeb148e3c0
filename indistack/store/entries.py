"""What a ledger holds: reports of subs, and what befell the stack beside them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack.values.outcome import Accepted, Outcome, Restarted
from indistack.values.star_list import PhotometricMatch
from indistack.values.sub_parts import Decision
from indistack.values.sub_report import SubReport
from indistack.values.transform import Transform

STACKED = (Accepted.word, Restarted.word)


REMOVED, READMITTED, LOST, BRANCH, DROPPED = "removed", "readmitted", "lost", "branch", "dropped"
"""Words of the lines that are not a blob's."""

SET, VALUE, AGAIN, NAMED = "set", "value", "again", "named"
"""Word of the line of a setting that was changed, whose name is the event's; keys of its value, and whether the stack
was made again by it. Word of the line of a stack's target that a person has named, which is the event's name."""


@dataclass(frozen=True, slots=True)
class Event:
    """What befell the stack beside its subs; `word` is none of an outcome's.

    Attributes
    ----------
    word : str
        ``removed``, ``readmitted``, ``lost``, ``branch``, ``dropped``, ``set`` or ``named``.
    time : datetime
        UTC.
    number : int or None
        Of the sub, where it befell one.
    name, settings : optional
        Of the further stack, where it befell one; or a setting's name, and its new value; or a target's name.
    detail : str or None
        Why a sub was lost.
    """

    word: str
    time: datetime
    number: int | None = None
    name: str | None = None
    settings: Mapping[str, Any] | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line that cannot be understood: what can still be told of it, and why.

    Attributes
    ----------
    number : int
        Of the sub, 0 where it is not known.
    word : str
        Its outcome, "" where that is not known.
    why : str
        For people.
    """

    number: int
    word: str
    why: str


Entry = SubReport | Event | Damaged


def decided(number: int, outcome: Outcome, now: datetime) -> SubReport:
    """Return the report of a blob whose way has ended.

    Parameters
    ----------
    number : int
        See `Decision`.
    outcome : Outcome
        What became of it.
    now : datetime
        Time of the decision (UTC).
    """
    detail = "" if isinstance(outcome, Accepted) else outcome.detail
    return replace(outcome.report, decision=Decision(number, now, outcome.word, outcome.reason, detail))


@dataclass(frozen=True, slots=True)
class Written:
    """Where a sub lies in the stacks, as its line says.

    Attributes
    ----------
    number : int
        Of the line.
    transform : Transform
        Sub -> reference.
    match : PhotometricMatch
        What brings its light to the reference's.
    weights : dict
        What it counts in each stack that took it.
    masters : tuple of str
        What calibrated it.
    mended : int
        Number of the sub with which the list of its bad pixels was written.
    """

    number: int
    transform: Transform
    match: PhotometricMatch
    weights: Mapping[str, float]
    masters: tuple[str, ...]
    mended: int

    @staticmethod
    def of(report: SubReport) -> Written:
        """Return what the report of a sub that is in the stack says; raise ValueError where a part is missing."""
        place, match, stack, masters = report.place, report.photometry, report.stack, report.masters
        if place is None or match is None or stack is None or masters is None or report.mended is None:
            raise ValueError("its line does not say where it lies in the stack")
        return Written(report.number, place.transform, match, stack.weights, masters.masters, report.mended)

    def without(self, stacks: Collection[str]) -> Written:
        """Return the same for fewer stacks."""
        weights = {name: weight for name, weight in self.weights.items() if name not in stacks}
        return replace(self, weights=weights)


def describe(report: SubReport) -> str:
    """Return a report in words: name, why, stars, FWHM, shift, rms, weight, milliseconds."""
    arrival, decision, stars, place = report.arrival, report.decision, report.stars, report.place
    words = [f"{decision.number:4d}" if decision else "", Path(arrival.path or arrival.origin).name if arrival else ""]
    words = [" ".join(words)]
    if decision is not None and decision.reason:
        words.append(f"{decision.reason}: {decision.detail}" if decision.detail else decision.reason)
    if stars is not None:
        words.append(f"{stars.stars} stars")
        if stars.fwhm_px and math.isfinite(stars.fwhm_px):
            words.append(f"FWHM {stars.fwhm_px:.2f} px")
    if place is not None:
        dx, dy = place.shift_px
        turned_deg, rms_px = place.transform.rotation_deg, place.transform.rms_px
        words.append(f"shift {dx:+.1f} {dy:+.1f} px {turned_deg:+.2f} deg, rms {rms_px:.2f} px")
    if report.photometry is not None and report.photometry.transparency is not None:
        words.append(f"transparency {report.photometry.transparency:.2f}")
    if report.stack is not None and report.stack.weight is not None:
        words.append(f"weight {report.stack.weight:.2f}")
    spool_ms = (arrival.spool_ms if arrival else None) or 0.0
    words.append(f"{spool_ms + sum(report.times.values()):.0f} ms")
    return "  ".join(words)
