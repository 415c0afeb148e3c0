"""Runs every stacker on one night, in turns, and judges what it made."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from comparison.ideal import Ideal, Judgement
from comparison.night import Files, Night, write_night
from comparison.peers import Answer, Peer
from comparison.peers.base import SAID
from comparison.process import Usage, run_measured
from comparison.table import format_table, number

# A run of the first half tells what a sub costs from what a start costs; it is to be longer than the few subs that some
# combine anew with each further one.
FEWEST_SUBS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What one stacker used, medians of all rounds.

    Attributes
    ----------
    wall_s, cpu_s, peak_mb : float
        Of the process for the whole night.
    sub_s, sub_cpu_s, start_s : float
        What each further sub takes of both, and the wall time of a night without subs.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    sub_s: float
    sub_cpu_s: float
    start_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `note` says why something is absent.

    Attributes
    ----------
    cloudy_weight : float, optional
        Weight of the cloudy sub over the median of the others.
    """

    name: str
    cost: Cost | None = None
    judgement: Judgement | None = None
    cloudy_weight: float | None = None
    note: str = ""


def run_contest(night: Night, peers: Sequence[Peer], rounds: int, progress: Callable[[str], None]) -> list[Row]:
    """Return a row for the ideal picture and one for each stacker; those that are missing or fail say so in theirs."""
    ideal = Ideal(night)
    entries = [_Entry(peer) for peer in peers]
    with tempfile.TemporaryDirectory(prefix="night-") as name:
        files = write_night(night, Path(name))
        for _ in range(rounds):
            for entry in entries:
                if not entry.trouble:
                    progress(entry.peer.name)
                    entry.take_turn(files, night, ideal)
    best = Row("ideal", judgement=ideal.judge(ideal.picture), note="calibrated, aligned and weighted by the truth")
    return [best, *(entry.row(night.n_subs) for entry in entries)]


class _Entry:
    """One stacker's part in the contest; `trouble` says why it takes no (further) part."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        missing = peer.missing()
        self.trouble = f"skipped: {missing}" if missing else ""
        self._usages: list[tuple[Usage, Usage]] = []
        self._judged: Row | None = None

    def take_turn(self, files: Files, night: Night, ideal: Ideal) -> None:
        """Stack the night's first half, then the whole of it."""
        try:
            few, _ = self._run(files.first(night.n_subs // 2))
            whole, answer = self._run(files)
            self._usages.append((few, whole))
            # The same files give the same picture in every round.
            self._judged = self._judged or self._judge(answer, night, ideal)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            said = error.output if isinstance(error, subprocess.CalledProcessError) else str(error)
            self.trouble = f"failed: {said.strip().splitlines()[-1] if said.strip() else error}"

    def row(self, n_subs: int) -> Row:
        """Return the medians of all rounds beside the judgement."""
        if self._judged is None or self.trouble:
            return Row(self.peer.name, note=self.trouble)
        return replace(self._judged, cost=_median_cost(self._usages, n_subs))

    def _run(self, files: Files) -> tuple[Usage, Answer]:
        with tempfile.TemporaryDirectory(prefix="stacker-") as name:
            folder = Path(name)
            usage = run_measured(self.peer.command(files, folder), folder / SAID)
            return usage, self.peer.answer(folder)

    def _judge(self, answer: Answer, night: Night, ideal: Ideal) -> Row:
        judgement = ideal.judge(answer.picture)
        weight = None if answer.weights is None else relative_weight(answer.weights, night.cloudy_sub)
        return Row(self.peer.name, None, judgement, weight, answer.note)


def relative_weight(weights: Sequence[float], index: int) -> float:
    """Return one sub's weight over the median of the others'."""
    others = [weight for number, weight in enumerate(weights) if number != index]
    return weights[index] / statistics.median(others)


def _median_cost(usages: Sequence[tuple[Usage, Usage]], n_subs: int) -> Cost:
    few, whole = (_median_usage(side) for side in zip(*usages, strict=True))
    sub_s, sub_cpu_s = (
        (getattr(whole, name) - getattr(few, name)) / (n_subs - n_subs // 2) for name in ("wall_s", "cpu_s")
    )
    return Cost(whole.wall_s, whole.cpu_s, whole.peak_mb, sub_s, sub_cpu_s, whole.wall_s - n_subs * sub_s)


def _median_usage(usages: Sequence[Usage]) -> Usage:
    return Usage(*(statistics.median(column) for column in zip(*map(astuple, usages), strict=True)))


# Behind the point, in the order of the fields.
COST_DIGITS = (2, 2, 0, 3, 3, 2)
JUDGEMENT_DIGITS = (3, 3, 1, 3)
HEADS = (
    "",
    "wall s",
    "CPU s",
    "RSS MB",
    "s/sub",
    "CPU/sub",
    "start s",
    "stars px",
    "noise",
    "trail %",
    "HFR",
    "cloud",
    "",
)
LEGEND = """wall, CPU, RSS: the whole process; s/sub, CPU/sub: what each further sub takes; start: the rest.
stars: median distance from their true places; noise: on 8 px, over the ideal weighted mean's; trail: the satellite's,
over what a plain mean leaves; HFR: over the median sub's; cloud: the cloudy sub's weight over a clear one's."""


def format_rows(rows: Sequence[Row]) -> str:
    """Return the contest as a table with its legend."""
    return format_table(HEADS, [_cells(row) for row in rows]) + "\n" + LEGEND


def _cells(row: Row) -> list[str]:
    costs = astuple(row.cost) if row.cost else (None,) * len(COST_DIGITS)
    measures = astuple(row.judgement) if row.judgement else (None,) * len(JUDGEMENT_DIGITS)
    numbers = zip((*costs, *measures, row.cloudy_weight), (*COST_DIGITS, *JUDGEMENT_DIGITS, 2), strict=True)
    return [row.name, *(number(value, digits) for value, digits in numbers), row.note]
