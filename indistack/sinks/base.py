"""What a sink gets and promises, and the slot's registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indistack.frame import Card, Integration, Preview
from indistack.registry import Registry


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stack at one moment, that nobody changes any more.

    Attributes
    ----------
    integration : Integration
        The picture, linear.
    cards : tuple of Card
        Header of the published FITS, without the structural keywords.
    bottom_up : bool
        The first row is the bottom of the picture.
    preview : Preview or None
        The stack as a picture, where a sink asked for one.
    orientation : int
        EXIF: how the picture is to be turned for people.
    """

    integration: Integration
    cards: tuple[Card, ...]
    bottom_up: bool
    preview: Preview | None = None
    orientation: int = 1


class Sink(Protocol):
    """One form in which the stack is published."""

    suffix: str
    """Of the file it writes, with the dot."""

    needs_preview: bool
    """Whether it reads `Snapshot.preview`."""

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """Publish under `path` so that a reader sees the old or the new file, whole.

        Raises
        ------
        SinkError
            The file cannot be written.
        """


SINKS: Registry[Sink] = Registry("publish.sinks")
