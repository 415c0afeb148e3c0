"""Commands for a running agent as files in its output folder, and its answers: works wherever the folder is seen."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indistack.agent.commands import COMMANDS, Answer, Command, Request
from indistack.errors import IndistackError, SinkError
from indistack.store.folder_lock import is_at_work
from indistack.store.last_status import STATUS
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary

log = logging.getLogger(__name__)

FOLDER = "commands"
STOPPED = "stopped"
"""State of an agent that has ended, as its status says it."""

REQUEST, ANSWER = ".json", ".answer"
POLL_S = 0.05
MAX_BYTES = 1_000_000
TAKEN_S, DONE_S = 5.0, 120.0
"""How long an agent may take to take a command, and to do what it says after the frames before it."""


class Mailbox:
    """The agent's end.

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
            except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
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


def parse(said: dict[str, Any]) -> Command:
    """Return the command that is meant; raise LookupError, TypeError or ValueError where it is none."""
    kind = COMMANDS[said["command"]]
    values = {field.name: said[field.name] for field in dataclasses.fields(kind)}
    if not isinstance(values.get("number", 0), int):
        raise TypeError("number: a whole number is expected")
    return kind(**values)


def reply(path: Path, answer: Answer) -> None:
    """Tell what became of a command."""
    try:
        with atomic_file(path, durable=False) as file:
            file.write(json.dumps(dataclasses.asdict(answer)).encode())
    except SinkError as error:
        log.error("nobody can be told of a command: %s", error)


def tell(output: Path, command: Command) -> str:
    """Give a command to the agent that works on an output folder; return what was done, in words.

    Raises
    ------
    IndistackError
        No agent is running there, it does not answer, or it refuses.
    """
    word = next(word for word, kind in COMMANDS.items() if kind is type(command))
    path = output / FOLDER / f"{time.time_ns()}-{os.getpid()}{REQUEST}"
    if output.is_dir() and not _has_agent(output):
        raise IndistackError(f"{output}: no agent is running there")
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{output}: no output folder of an agent: {error.strerror}") from error
    with atomic_file(path, durable=False) as file:
        file.write(json.dumps({"command": word, **dataclasses.asdict(command)}).encode())
    if not _is_taken(output, path):
        path.unlink(missing_ok=True)
        raise IndistackError(f"{output}: no agent is running there")
    return _answer(output, path.with_suffix(ANSWER))


def _has_agent(output: Path) -> bool:
    """Tell whether an agent works on an output folder: on this machine, or on the one that shares the folder."""
    if is_at_work(output):
        return True
    try:
        status = json.loads((output / STATUS).read_bytes())
        return bool(status["host"] != platform.node() and status["state"] != STOPPED)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _is_taken(output: Path, path: Path) -> bool:
    deadline_s = time.monotonic() + TAKEN_S
    while path.exists() and time.monotonic() < deadline_s and _has_agent(output):
        time.sleep(POLL_S)
    return not path.exists()


def _answer(output: Path, path: Path) -> str:
    deadline_s = time.monotonic() + DONE_S
    while time.monotonic() < deadline_s:
        gone = not _has_agent(output)  # asked first: its last answer may just be there
        if path.exists():
            answer = Answer(**json.loads(path.read_bytes()))
            path.unlink(missing_ok=True)
            if answer.fault:
                raise IndistackError(answer.fault)
            return answer.said
        if gone:
            raise IndistackError("the agent has ended before it answered")
        time.sleep(POLL_S)
    raise IndistackError("the agent has taken the command, but does not answer")
