"""What a person sees of a run in the terminal: a line per sub and a progress bar."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from indistack.ledger import describe

STYLES = {"accepted": "green", "refused": "yellow", "restarted": "cyan"}


class Display:
    """Prints a line per sub above a progress bar.

    Parameters
    ----------
    total : int
        Subs expected; 0 when nobody knows.
    task : str
        Word before the bar.
    """

    def __init__(self, total: int, task: str) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._task = self._progress.add_task(task, total=total or None)

    def line(self, line: dict[str, Any]) -> None:
        """Show one ledger line."""
        self.console.print(Text.assemble((f"{line['outcome']:10s}", STYLES[line["outcome"]]), describe(line)))
        self._progress.advance(self._task)

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.console.print(Text(text))

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
