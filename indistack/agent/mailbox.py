"""The agent's end of the commands that come as files into its output folder; see `indistack.commands.client`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indistack.commands import Answer, Command, parse
from indistack.commands.client import ANSWER, FOLDER, REQUEST, TAKEN_S
from indistack.errors import SinkError
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary

log = logging.getLogger(__name__)

ENDS = "the agent ends"
"""Answer to who tells it something then."""

MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A command whose sender waits for an answer in a file."""

    command: Command
    answer: Path


class Mailbox:
    """Takes the commands.

    Parameters
    ----------
    output : Path
        The agent's output folder.
    """

    def __init__(self, output: Path) -> None:
        self._folder = output / FOLDER
        self._left: set[Path] = set()

    def clear(self) -> None:
        """Remove what nobody waits for any more: it was meant for an agent that is gone."""
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):  # who wrote it has taken it back, or the disk is read-only
                if time.time() - path.stat().st_mtime > TAKEN_S:
                    path.unlink()

    def collect(self) -> Iterator[Request]:
        """Take the commands that have come since the last time, oldest first."""
        for path in sorted(self._folder.glob(f"*{REQUEST}")):
            if path in self._left:
                continue
            answer = path.with_suffix(ANSWER)
            try:
                command = parse(json.loads(read_ordinary(path, MAX_BYTES)))
            except (OSError, ValueError, RecursionError) as error:
                self._remove(path)
                reply(answer, Answer(fault=f"no command: {error}"))
            else:
                self._remove(path)
                yield Request(command, answer)

    def _remove(self, path: Path) -> None:
        """Take a file away, so that it is not carried out again; what cannot be is left out from now on."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", path, error.strerror)
            self._left.add(path)


def reply(path: Path, answer: Answer) -> None:
    """Tell what became of a command."""
    try:
        with atomic_file(path, durable=False) as file:
            file.write(json.dumps(dataclasses.asdict(answer)).encode())
    except SinkError as error:
        log.error("nobody can be told of a command: %s", error)
