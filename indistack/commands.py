"""Messages that a person sends to a running agent; they travel in the blob queue, so each has a place in the order."""

from __future__ import annotations

from dataclasses import dataclass


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


Command = Reset | Pause | Resume | Save
