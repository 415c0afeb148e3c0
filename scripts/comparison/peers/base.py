"""What a stacker must tell to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from comparison.night import Files

SAID = "said.log"  # what the program said, in its folder


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stacker made.

    Attributes
    ----------
    picture : ndarray of float32, shape (channels, height, width)
        In the orientation of the subs' files; any linear unit.
    weights : sequence of float, optional
        Of the subs in order, where the stacker tells them.
    note : str
        What a reader of the table should know.
    """

    picture: NDArray[np.float32]
    weights: Sequence[float] | None = None
    note: str = ""


class Peer(Protocol):
    """One way to stack a night with one program."""

    @property
    def name(self) -> str:
        """Of its row in the table."""
        ...

    def missing(self) -> str:
        """Return why it cannot be run here; empty if it can."""
        ...

    def command(self, files: Files, folder: Path) -> Sequence[str | Path]:
        """Return the program and its arguments; it may write to `folder` only."""
        ...

    def answer(self, folder: Path) -> Answer:
        """Return what the program left in `folder`.

        Raises
        ------
        OSError
            It left nothing.
        """
        ...


def read_picture(path: Path) -> NDArray[np.float32]:
    """Return the first image of a FITS file as float32, shape (channels, height, width).

    Raises
    ------
    OSError
        The file is missing or is not FITS.
    """
    if not path.exists():
        raise FileNotFoundError(f"it left no {path.name}")
    pixels = np.asarray(fits.getdata(path), np.float32)
    return pixels if pixels.ndim == 3 else pixels[None]
