"""One line for each sub, in words for people: what became of it, what it is like, why it was left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from indistack.system.harmless import harmless
from indistack.values.outcome import Accepted, Filed, Refused, Restarted
from indistack.values.sub_report import SubReport

WORDS = {
    Accepted.word: ("stacked", "green"),
    Refused.word: ("left out", "yellow"),
    Restarted.word: ("new stack", "cyan"),
    Filed.word: ("filed", "blue"),
}
"""Outcome -> what a person reads, and its colour."""

NAME_COLUMNS = 20
"""Longer file names lose their middle: the end tells one from the other."""


def sub_line(report: SubReport) -> Text:
    """Return the line of a sub: time, number in the ledger, what became of it, its file's name, how it is."""
    (word, colour), decision = WORDS[report.word], report.decision
    when = f"{decision.time.astimezone():%H:%M:%S}" if decision is not None else ""
    return Text.assemble(f"{when} {report.number:4d} ", (f"{word:10s}", colour), sub_words(report))


def sub_words(report: SubReport) -> str:
    """Return a sub's file's name, and how it is or why it was left out."""
    arrival = report.arrival
    name = shorten(Path(arrival.path).name, NAME_COLUMNS) if arrival is not None and arrival.path else ""
    said = why(report) if report.word == Refused.word else ", ".join(_facts(report, bool(name)))
    return harmless("  ".join(filter(None, (name, said))))


def shown(text: str, **how: Any) -> Text:
    """Return what a console prints, nothing of which acts there."""
    return Text(harmless(text), **how)


def print_sub(console: Console, report: SubReport) -> None:
    """Print the line of a sub; what has no room on one line is in the ledger."""
    console.print(sub_line(report), no_wrap=True, overflow="ellipsis")


def why(report: SubReport) -> str:
    """Return why a sub was left out, the stable word first; "" where there is nothing to say."""
    detail = report.decision.detail if report.decision is not None else ""
    return ": ".join(filter(None, (report.reason.replace("_", " "), detail)))


def shorten(text: str, columns: int) -> str:
    """Return a text of at most so many columns, without its middle where it is longer."""
    if len(text) <= columns:
        return text
    tail = columns // 2
    return f"{text[: columns - tail - 1]}…{text[-tail:]}"


def duration_words(seconds: float) -> str:
    """Return a duration as ``45 s``, ``12 min 30 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.3g} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole // 60 % 60:02d} min"


def _facts(report: SubReport, brief: bool) -> Iterator[str]:
    """Yield what is told of a sub that is used; less where its file's name takes room."""
    why_new = why(report)
    if why_new:
        yield why_new
    if report.frame is not None and report.frame.filter_name:
        yield report.frame.filter_name
    if report.stars is not None and report.stars.stars:
        yield f"{report.stars.stars} stars"
        if report.stars.fwhm_px and math.isfinite(report.stars.fwhm_px):
            yield f"FWHM {report.stars.fwhm_px:.1f} px"
    if report.place is not None and report.word == Accepted.word and not brief:
        yield f"moved {math.hypot(*report.place.shift_px):.1f} px"
    match = report.photometry
    if match is not None and match.transparency is not None and math.isfinite(match.transparency):
        yield f"clear {match.transparency:.0%}"
