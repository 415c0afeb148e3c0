"""What a sink gets and promises, and the slot's registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from indistack.errors import SinkError
from indistack.picture.crop import WHOLE, Part
from indistack.picture.integration import Preview
from indistack.picture.linear import LinearPicture
from indistack.registry import Registry
from indistack.values.frame import Card, FloatArray


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stack at one moment, that nobody changes any more.

    Attributes
    ----------
    picture : LinearPicture
        The stack.
    cards : tuple of Card
        Header of the published FITS, without the structural keywords.
    bottom_up : bool
        The first row is the bottom of the picture.
    preview : Preview or None
        The stack as a picture, where a sink asked for one.
    orientation : int
        EXIF: how the picture is to be turned for people.
    operators : sequence of str or None
        How the preview is made; None: as the settings say.
    false_colours : bool
        Its colours are those of lines: the preview's are not balanced.
    shown : Part
        What the preview shows of it.
    body : bool
        Subs were aligned by a limb or a surface: the preview may be filled by the Sun or the Moon.
    white_balance : tuple of 3 floats, or None
        The camera's own multipliers of its colours.
    bits : int
        Of a channel, in forms that can have 8 or 16.
    maps : mapping
        What else is known of every pixel, by the name of its FITS extension.
    coverage : LinearPicture or None
        How many subs reached a pixel, binned: what a FITS keeps where it has no maps.
    sub : int
        Number in the ledger of the last sub in it; 0 where there is none.
    clipped : array or None
        ``(rows, columns)`` float32, which share of the subs was clipped in a cell of the picture; None: none was.
    size : (int, int) or None
        Height and width that the header tells of (px), where the picture may be binned.
    """

    picture: LinearPicture
    cards: tuple[Card, ...]
    bottom_up: bool
    preview: Preview | None = None
    orientation: int = 1
    operators: Sequence[str] | None = None
    false_colours: bool = False
    shown: Part = WHOLE
    body: bool = False
    bits: int = 8
    white_balance: tuple[float, float, float] | None = None
    maps: Mapping[str, LinearPicture] = field(default_factory=dict)
    coverage: LinearPicture | None = None
    sub: int = 0
    clipped: FloatArray | None = None
    size: tuple[int, int] | None = None


class Sink(Protocol):
    """One form in which the stack is published."""

    suffix: str
    """Of the file it writes, with the dot."""

    needs_preview: bool
    """Whether it reads `Snapshot.preview`."""

    bits: tuple[int, ...]
    """Of a channel, 8, 16 or 32: what its form can have; the first is what it has where nothing else is said."""

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """Publish under `path` so that a reader sees the old or the new file, whole.

        Raises
        ------
        SinkError
            The file cannot be written.
        """


SINKS: Registry[Sink] = Registry("publish.sinks")


def depth_of(sink: Sink, wanted: int) -> int:
    """Return the bits of a channel that a sink writes where `wanted` ones are asked for."""
    return wanted if wanted in sink.bits else sink.bits[0]


SPELLINGS = {".fit": ".fits", ".fts": ".fits", ".jpeg": ".jpg", ".tiff": ".tif"}
"""Suffixes of which another is the usual one."""


def sink_for(path: Path) -> Sink:
    """Return the sink that writes files with a path's suffix.

    Raises
    ------
    SinkError
        Nobody writes such files.
    """
    said = path.suffix.lower()
    suffix = SPELLINGS.get(said, said)
    for name in SINKS:
        if SINKS.get(name).suffix == suffix:
            return SINKS.get(name)()
    known = ", ".join(sorted(SINKS.get(name).suffix for name in SINKS))
    how = f"as {said}" if said else "without a suffix"
    raise SinkError(f"{path}: no picture is written {how}; choose one of {known}")
