"""What a plate-solving program gets and returns, the slot's registry and its settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field

from indistack.fits_header import Wcs
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.values.star_list import StarList


@dataclass(frozen=True, slots=True)
class FieldToSolve:
    """What is to be found on the sky.

    Attributes
    ----------
    stars : StarList
        Measured stars.
    width, height : int
        Size of the frame (px).
    scale_arcsec_px : float or None
        Plate scale, where the header tells it.
    centre_deg : (float, float) or None
        RA and Dec where the telescope is said to point.
    """

    stars: StarList
    width: int
    height: int
    scale_arcsec_px: float | None = None
    centre_deg: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """Where it is.

    Attributes
    ----------
    wcs : Wcs
        The frame on the sky.
    program : str
        Who found it.
    matched : int or None
        Our stars that have one of the catalogue at their place, where the program tells.
    rms_px : float or None
        Their root mean square distance.
    """

    wcs: Wcs
    program: str
    matched: int | None = None
    rms_px: float | None = None

    def numbers(self) -> dict[str, Any]:
        """Return what there is to tell, for status and report; the place is that of the frame's centre."""
        return {
            "program": self.program,
            "ra_deg": self.wcs.ra_deg,
            "dec_deg": self.wcs.dec_deg,
            "scale_arcsec_px": self.wcs.scale_arcsec_px,
            "rotation_deg": self.wcs.rotation_deg,
            "parity": self.wcs.parity,
            "matched": self.matched,
            "rms_px": self.rms_px,
        }


class Solver(Protocol):
    """A plate-solving program."""

    commands: tuple[str, ...]
    """Its names on the PATH, the best first."""

    def prepare(self, field: FieldToSolve, folder: Path) -> list[str]:
        """Write its input into an empty folder; return the words that follow the command."""

    def read(self, field: FieldToSolve, folder: Path) -> Solution:
        """Return what it has found.

        Raises
        ------
        SolveError
            Nothing, or files that cannot be understood.
        """


SOLVERS: Registry[Solver] = Registry("solve.program")


class SolveSettings(Settings):
    """Which program tells where the stack is on the sky."""

    program: Annotated[str, SOLVERS.choice("auto", "off")] = "auto"
    """Its name, ``off``, or ``auto``: astrometry.net (``solve-field``), else ASTAP (``astap_cli``, ``astap``),
    whichever is installed."""
    timeout_s: float = Field(default=60.0, ge=1, le=3600)
    """For one attempt; there are at most two, the second without believing where the mount says it points."""
    arguments: tuple[str, ...] = Field(default=(), strict=False)
    """Further words for the program's command line: ``["--index-dir", "/data/index"]``, ``["-d", "/data/stars"]``."""


def find_program(settings: SolveSettings) -> tuple[str, Path] | None:
    """Return the name and the command of the program to use; None where it is off or not installed."""
    wanted = SOLVERS.ranked() if settings.program == "auto" else [settings.program]
    for name in wanted:
        for command in SOLVERS.get(name).commands if name in SOLVERS else ():
            if path := shutil.which(command):
                return name, Path(path)
    return None
