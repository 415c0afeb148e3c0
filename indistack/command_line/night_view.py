"""What a person sees of a night: a line a sub, on a terminal a status below it, and at the end what there is."""

from __future__ import annotations

import logging
import math
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from indistack.command_line.arguments import Options
from indistack.command_line.sub_line import duration_words, print_sub, shown
from indistack.config import Config
from indistack.resume.same_night import must_be_named
from indistack.sinks import SINKS
from indistack.store.session_folders import FOLDER as SESSIONS
from indistack.store.session_folders import SessionFolders
from indistack.system.private import without_secret
from indistack.values.counted import counted
from indistack.values.sub_report import SubReport

FIRST = ".png"
"""Suffix of the picture that is told of where there are several."""


class NightView:
    """Shows what a running agent tells; a pipe gets plain lines and no status.

    Parameters
    ----------
    console : Console, optional
        Where to; standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._last: Mapping[str, Any] = {}
        self._waited = ""
        terminal = self.console.is_terminal
        self._live = Live("", console=self.console, auto_refresh=False, transient=True) if terminal else None
        self._handler = _Above(self.console)

    def sub(self, report: SubReport) -> None:
        """Show what became of a sub."""
        print_sub(self.console, report)

    def status(self, status: Mapping[str, Any]) -> None:
        """Show how things stand."""
        self._last = status
        self._waited = status.get("waits_for") or self._waited
        if self._live is not None:
            self._live.update(shown(status_line(status), no_wrap=True, overflow="ellipsis"), refresh=True)

    def close(self, folder: Path, command: str) -> None:
        """Show what there is at the end; see `closing_lines`."""
        for line in closing_lines({**self._last, "waits_for": self._waited}, folder, command):
            self.console.print(shown(line), soft_wrap=True)  # a path is one word, to be copied

    def __enter__(self) -> NightView:
        if self._live is not None:
            self._handler.take_over()
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._handler.give_back()


class _Above(logging.Handler):
    """Prints what is logged above the status, which would be torn otherwise."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._others: list[logging.Handler] = []

    def take_over(self) -> None:
        self._others = logging.root.handlers[:]
        shown = [one for one in self._others if isinstance(one, logging.StreamHandler)]
        self.setFormatter(shown[0].formatter if shown else None)
        logging.root.handlers[:] = [self, *(one for one in self._others if one not in shown)]

    def give_back(self) -> None:
        logging.root.handlers[:] = self._others

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(Text(self.format(record)), style="yellow" if record.levelno >= logging.WARNING else "")


def status_line(status: Mapping[str, Any]) -> str:
    """Return in one line: subs in the stack, exposure, signal to noise, and what is waited for."""
    words = [*_stack_words(status)]
    if status.get("disk"):
        words.append("NOT SAVED, the disk does not take it")
    if status.get("waits_for"):
        words.append(f"waiting: {status['waits_for']}")
    return "  ".join(words)


def closing_lines(status: Mapping[str, Any], folder: Path, command: str) -> Iterator[str]:
    """Yield what there is at the end, where it is, and how to go on.

    Parameters
    ----------
    status : mapping
        The last one; what it waits for is what was waited for before the end.
    folder : Path
        The output folder.
    command : str
        What was typed; goes on when typed again. "": neither that is told, nor where the pictures are.
    """
    if not status.get("n_subs"):
        yield f"no sub is in the stack; waited for: {status.get('waits_for') or 'nothing'}"
        return
    refusals = [f"{count} {word.replace('_', ' ')}" for word, count in status.get("refusals", {}).items()]
    yield ", ".join(_stack_words(status)) + (f"; left out: {', '.join(refusals)}" if refusals else "")
    for name in status.get("stacks", {}) if command else ():
        yield from _picture_line(folder, name)
    if status.get("session"):
        yield f"session  {folder / SESSIONS / str(status['session'])}"
    if command:
        yield f"go on    {command}"
        yield "         within the night it adds to this stack; --new begins another"


def _picture_line(folder: Path, name: str) -> Iterator[str]:
    """Yield where a stack's picture and its pixels are; nothing where neither has been written."""
    known = sorted((SINKS.get(word) for word in SINKS), key=lambda sink: sink.suffix != FIRST)
    there = [sink for sink in known if (folder / f"{name}{sink.suffix}").is_file()]
    pictures = [f"{name}{sink.suffix}" for sink in there if sink.needs_preview]
    linear = [f"{name}{sink.suffix}" for sink in there if not sink.needs_preview]
    if pictures:
        yield f"picture  {folder / pictures[0]}" + "".join(f", linear in {one}" for one in linear)
    elif linear:
        yield f"linear   {folder / linear[0]}"


def _stack_words(status: Mapping[str, Any]) -> Iterator[str]:
    n_subs = status.get("n_subs", 0)
    yield f"{counted(n_subs, 'sub')} stacked{_by(status) if n_subs else ''}"
    if status.get("exposure_s"):
        yield duration_words(status["exposure_s"])
    gains = [told.get("snr_gain") for told in status.get("stacks", {}).values()]
    gain = next((one for one in gains if one is not None and math.isfinite(one)), None)
    if gain is not None and n_subs > 1 and gain > 1:  # of a sum the noise grows, too
        yield f"SNR x{gain:.1f}"


def _by(status: Mapping[str, Any]) -> str:
    """Say how; why so is told once, when the stack begins."""
    return f" by {status['method']}" if status.get("method") else ""


def command_to_go_on(options: Options, asked: Config) -> str:
    """Return what is typed to go on with the stack: the same again, unless it was changed meanwhile."""
    again = [without_secret(word) for word in sys.argv[1:] if word != "--new"]
    if not options.goes_on and must_be_named(SessionFolders(options.output_dir), asked):
        again += ["--continue", "last"]
    return shlex.join(["indistack", *again])
