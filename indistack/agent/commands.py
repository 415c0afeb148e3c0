"""Messages that a person sends to a running agent; they travel in the blob queue, so each has a place in the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Reset:
    """End the stack, keep it, and begin a new one with the next sub."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Receive and record subs, but add none until `Resume`."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Add subs again after `Pause`."""


@dataclass(frozen=True, slots=True)
class Save:
    """Publish the stack now, whatever the cadence says."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a sub, by its number in the ledger, out of the stacks."""

    number: int


@dataclass(frozen=True, slots=True)
class Readmit:
    """Put a sub back that was removed."""

    number: int


@dataclass(frozen=True, slots=True)
class AddBranch:
    """Begin a further stack with the next sub; `settings` are those of a table ``branches.NAME``."""

    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DropBranch:
    """End a further stack."""

    name: str


Command = Reset | Pause | Resume | Save | Remove | Readmit | AddBranch | DropBranch


@dataclass(frozen=True, slots=True)
class Request:
    """A command whose sender waits for an answer in a file."""

    command: Command
    answer: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command, for people: what was done, or the fault that kept it from being done."""

    said: str = ""
    fault: str = ""


COMMANDS: dict[str, type[Command]] = {
    "reset": Reset,
    "pause": Pause,
    "resume": Resume,
    "save": Save,
    "remove": Remove,
    "readmit": Readmit,
    "branch": AddBranch,
    "drop": DropBranch,
}
"""By the word that stands for them outside."""
