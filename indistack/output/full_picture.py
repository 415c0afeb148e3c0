"""The main picture as fine as the stack is, where it is published binned: made while somebody looks closely."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from indistack.config import MAIN
from indistack.enhance import KeptLook, LookMemory, PictureSettings
from indistack.output import snapshots
from indistack.output.showcase import Showcase
from indistack.output.wanted_picture import WantedPicture
from indistack.picture.linear import binning_for
from indistack.session.session import Session
from indistack.sinks.jpeg import JpegSink
from indistack.store.wanted import FULL_PICTURE
from indistack.system.atomic import remove_if_can_be
from indistack.system.resources import spare_bytes
from indistack.values.own_files import OwnFiles

DUTY = 0.15
"""Largest share of the time that making it may take."""

TIMES_MEMORY = 3.6
"""What making a picture takes, in linear colour pictures as large: a copy, and 2.4 on the way to 8 bits (measured)."""
MEMORY_SHARE = 0.5
"""Of what may be planned with."""


class FullPicture(WantedPicture):
    """Keeps that picture up to date. It stays when nobody looks any more: who looks next sees it meanwhile.

    Parameters
    ----------
    showcase : Showcase
        Is told of each.
    own_files : OwnFiles
        Is told of the file before it is written.
    folder : Path
        The agent's output folder.
    settings : callable
        Returns those of the pictures, now.
    memory : callable
        Returns what the published picture was made by: both look the same.
    """

    goes_when_unwanted = False
    goes_first = False

    def __init__(
        self,
        folder: Path,
        own_files: OwnFiles,
        showcase: Showcase,
        settings: Callable[[], PictureSettings],
        memory: Callable[[], LookMemory],
    ) -> None:
        self._showcase = showcase
        self._settings = settings
        self._memory = memory
        super().__init__(folder / FULL_PICTURE, own_files, DUTY)

    def _make(self, session: Session) -> None:
        settings, sink = self._settings(), JpegSink()

        def binning(shape: tuple[int, ...]) -> int:
            factor = finest(shape, spare_bytes())
            if factor >= binning_for(shape, settings.max_side_px):
                remove_if_can_be(self._path)
                raise snapshots.NoPictureError("it is published as fine as that")
            return factor

        snapshot = snapshots.snapshot(session, binning=binning)
        whole = settings.model_copy(update={"max_side_px": 0})
        snapshot = snapshots.with_preview(snapshot, whole, [sink], KeptLook(self._memory()))
        sink.write(self._path, snapshot)
        self._showcase.add_full(MAIN, self._showcase.next_number(), self._path, snapshot)


def finest(shape: tuple[int, ...], spare: int) -> int:
    """Return the least binning with which a picture can be made in so much memory.

    Parameters
    ----------
    shape : tuple of int
        Of the linear picture; a grey one may be one of several filters.
    spare : int
        Bytes that may be planned with.
    """
    needed = 3 * 4 * math.prod(shape[:2]) * TIMES_MEMORY
    return max(1, math.ceil(math.sqrt(needed / max(1.0, spare * MEMORY_SHARE))))
