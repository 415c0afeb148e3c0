"""What a stack method promises, the slot's registry and its settings."""

from __future__ import annotations

from typing import Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from indistack.errors import StackError
from indistack.frame import Integration
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.tiles import Tile

S = TypeVar("S", bound=np.generic)


class StackSettings(Settings):
    """How subs are combined."""

    method: Literal["mean"] = "mean"
    jobs: int = Field(default=0, ge=0, le=64)
    """Threads; 0 = one per core."""


class StackMethod(Protocol):
    """State of one stack, updated one tile of one sub at a time.

    `update` is called from several threads with boxes that never overlap within one sub; `count` once after each sub.
    Partial stacks merge exactly, and reading changes nothing.
    """

    def __init__(self, height: int, width: int, channels: int) -> None:
        """Begin an empty stack of that size (px); channels is 1 or 3."""

    def update(self, tile: Tile) -> None:
        """Take one tile of a sub; values that are not finite never enter."""

    def count(self, exposure_s: float) -> None:
        """One sub is complete."""

    def merge(self, other: Self) -> None:
        """Add another stack's state; afterwards this is the stack of both.

        Raises
        ------
        StackError
            Another shape; this stack is left as it was.
        """

    def integration(self) -> Integration:
        """Return read-only views of the state (no copies)."""


METHODS: Registry[StackMethod] = Registry("stack.method")


def require_same_shape(mine: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Raise `StackError` when two stacks cannot be merged."""
    if mine != other:
        raise StackError(f"cannot merge a stack of shape {other} into one of shape {mine}")


def read_only(array: npt.NDArray[S]) -> npt.NDArray[S]:
    """Return a view that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view
