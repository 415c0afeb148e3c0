"""What a person can tell a running agent.

Every command has a label, as it stands on a button; its docstring says for people what it does. They travel in the
queue of the frames, so that each has a place in the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from indistack.commands import argument

BRANCH_NAME = "[a-z][a-z0-9_]{0,30}"

_SHARE = r"(?:[01]|1\.0{1,9}|0?\.[0-9]{1,9})"
SHARES = {count: ",".join([_SHARE] * count) for count in (2, 4)}
"""So many numbers from 0 to 1: a place, or a box, whatever the size of the picture that it is pointed at on."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Receive and record subs, but add none until told to resume."""

    label: ClassVar[str] = "Pause"


@dataclass(frozen=True, slots=True)
class Resume:
    """Add subs again after a pause."""

    label: ClassVar[str] = "Resume"


@dataclass(frozen=True, slots=True)
class NewStack:
    """End the stack, keep it, and begin another with the next sub."""

    label: ClassVar[str] = "New stack"
    target: str = argument.text("the target's name", max_letters=68, default="")


@dataclass(frozen=True, slots=True)
class Finish:
    """End the stack and keep it, with its pictures and its report; the next sub begins another."""

    label: ClassVar[str] = "Finish"


@dataclass(frozen=True, slots=True)
class Save:
    """Publish the stack now in every form, whatever the cadence says."""

    label: ClassVar[str] = "Save"


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the sub that was stacked last out of the stack again; once more takes the one before it."""

    label: ClassVar[str] = "Undo"


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a sub out of the stacks."""

    label: ClassVar[str] = "Remove"
    number: int = argument.number("the number of a sub", least=1)


@dataclass(frozen=True, slots=True)
class Readmit:
    """Put a sub back that was removed."""

    label: ClassVar[str] = "Put back"
    number: int = argument.number("the number of a sub", least=1)


@dataclass(frozen=True, slots=True)
class AddBranch:
    """Begin a further stack from the same subs with the next one."""

    label: ClassVar[str] = "Further stack"
    name: str = argument.text("a name (trails)", BRANCH_NAME)
    settings: Mapping[str, Any] = argument.table("settings (method=trails)")


@dataclass(frozen=True, slots=True)
class DropBranch:
    """End a further stack; its pictures stay."""

    label: ClassVar[str] = "End further stack"
    name: str = argument.text("a name (trails)", BRANCH_NAME)


@dataclass(frozen=True, slots=True)
class MarkComet:
    """Mark where the comet is in a sub; marks in two subs or more tell how it moves, for the stacks that follow it."""

    label: ClassVar[str] = "Mark the comet"
    number: int = argument.number("the number of a sub", least=1)
    place: str = argument.text("where it is, as shares of the sub's picture from the upper left (0.5,0.25)", SHARES[2])


@dataclass(frozen=True, slots=True)
class AlignByBox:
    """Begin a stack that is aligned by what is in a box drawn on a sub: a part of the Moon, the Sun, a halo's edge."""

    label: ClassVar[str] = "Align by a box"
    number: int = argument.number("the number of a sub", least=1)
    box: str = argument.text("left, top, width, height, as shares of the sub's picture (0.3,0.3,0.2,0.2)", SHARES[4])
    search: str = argument.text("the box in which it is searched for, likewise", f"|{SHARES[4]}", default="")


@dataclass(frozen=True, slots=True)
class Set:
    """Change a setting, without a new stack."""

    label: ClassVar[str] = "Set"
    name: str = argument.text("a setting (drift.limit)", r"[a-z_]+\.[a-z0-9_]+")
    value: Any = argument.plain("its value")  # noqa: RUF009 - a field, as the others


Command = (
    Pause | Resume | NewStack | Finish | Save | Undo | Remove | Readmit | AddBranch | DropBranch | MarkComet
    | AlignByBox | Set
)  # fmt: skip

COMMANDS: dict[str, type[Command]] = {
    "pause": Pause,
    "resume": Resume,
    "new": NewStack,
    "finish": Finish,
    "save": Save,
    "undo": Undo,
    "remove": Remove,
    "readmit": Readmit,
    "branch": AddBranch,
    "drop": DropBranch,
    "comet": MarkComet,
    "box": AlignByBox,
    "set": Set,
}
"""By the word that stands for them outside."""

ALSO_CALLED = {"reset": "new"}
"""Other words for a command."""
