"""Gives commands to a running agent: files in its output folder, and its answers; works wherever the folder is seen."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from indistack.commands.command import Command
from indistack.commands.messages import as_message
from indistack.errors import IndistackError
from indistack.store.folder_lock import is_at_work
from indistack.store.last_status import last_status
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary

FOLDER = "commands"
STOPPED = "stopped"
"""State of an agent that has ended, as its status says it."""

REQUEST, ANSWER = ".json", ".answer"
POLL_S = 0.05
TAKEN_S, DONE_S = 5.0, 120.0
"""How long an agent may take to take a command, and to do what it says after the frames before it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command, for people: what was done, or the fault that kept it from being done."""

    said: str = ""
    fault: str = ""


def tell(output: Path, command: Command) -> str:
    """Give a command to the agent that works on an output folder; return what was done, in words.

    Raises
    ------
    IndistackError
        No agent is running there, it does not answer, or it refuses.
    """
    path = output / FOLDER / f"{time.time_ns()}-{os.getpid()}{REQUEST}"
    if output.is_dir() and not has_agent(output):
        raise IndistackError(f"{output}: no agent is running there")
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{output}: no output folder of an agent: {error.strerror}") from error
    with atomic_file(path, durable=False) as file:
        file.write(json.dumps(as_message(command)).encode())
    if not _is_taken(output, path):
        path.unlink(missing_ok=True)
        raise IndistackError(f"{output}: no agent is running there")
    return _answer(output, path.with_suffix(ANSWER))


def has_agent(output: Path) -> bool:
    """Tell whether an agent works on an output folder: on this machine, or on the one that shares the folder."""
    if is_at_work(output):
        return True
    status = last_status(output)
    return status.get("host") not in (None, platform.node()) and status.get("state") not in (None, STOPPED)


def _is_taken(output: Path, path: Path) -> bool:
    deadline_s = time.monotonic() + TAKEN_S
    while path.exists() and time.monotonic() < deadline_s and has_agent(output):
        time.sleep(POLL_S)
    return not path.exists()


def _answer(output: Path, path: Path) -> str:
    deadline_s = time.monotonic() + DONE_S
    while time.monotonic() < deadline_s:
        gone = not has_agent(output)  # asked first: its last answer may just be there
        if path.exists():
            answer = Answer(**json.loads(read_ordinary(path)))
            path.unlink(missing_ok=True)
            if answer.fault:
                raise IndistackError(answer.fault)
            return answer.said
        if gone:
            raise IndistackError("the agent has ended before it answered")
        time.sleep(POLL_S)
    raise IndistackError("the agent has taken the command, but does not answer")
