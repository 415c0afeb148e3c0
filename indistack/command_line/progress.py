"""What a person sees of a run in the terminal: a line per sub and a progress bar."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from indistack.calibrate import CatalogueEntry
from indistack.command_line.entry import print_entry
from indistack.command_line.sub_line import print_sub, shown
from indistack.values.sub_report import SubReport


class ProgressDisplay:
    """Prints a line per sub above a progress bar.

    Parameters
    ----------
    total : int
        Subs expected; 0 when nobody knows.
    task : str
        Word before the bar.
    """

    def __init__(self, total: int, task: str) -> None:
        self.console = Console(highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,  # it would leave an empty line
        )
        self._last = 0
        self._task = self._progress.add_task(task, total=total or None)

    def line(self, report: SubReport) -> None:
        """Show what became of one sub."""
        print_sub(self.console, report)
        self._last = max(self._last, report.number)
        self._progress.update(self._task, completed=self._last)

    def done(self, count: int) -> None:
        """Show how far the work is."""
        self._progress.update(self._task, completed=count)

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.console.print(shown(text))

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def show_masters(entries: Sequence[CatalogueEntry]) -> None:
    """Print the masters of a library, each with what decides whether it fits a light."""
    for entry in entries:
        facts, info = entry.facts, entry.facts.info
        print_entry(
            f"{facts.kind} of {entry.n_frames}",
            ", ".join(filter(None, [
                info.camera,
                f"{facts.shape[1]} x {facts.shape[0]}{f' {facts.cfa}' if facts.cfa else ''}",
                "bin {}x{}".format(*info.binning) if info.binning != (1, 1) else "",
                _number("gain ", info.gain_setting),
                _number("offset ", info.offset_setting),
                _number("", info.exposure_s, " s"),
                _number("", info.temperature_c, " C"),
                f"filter {info.filter_name}" if info.filter_name else "",
                f"{info.date_obs:%Y-%m-%d}" if info.date_obs else "",
            ])),
            entry.name,
        )  # fmt: skip


def _number(word: str, value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{word}{value:g}{unit}"
