"""The settings of calibration, and what a master is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from indistack.frame import CfaPattern, FloatArray, FrameInfo, Kind, RawFrame
from indistack.settings import Settings


class CalibrateSettings(Settings):
    """Which masters are applied and how pixels are repaired."""

    dark: list[str] = Field(default_factory=list)
    """A master dark, or raw darks: paths, folders or globs."""
    flat: list[str] = Field(default_factory=list)
    bias: list[str] = Field(default_factory=list)
    darkflat: list[str] = Field(default_factory=list)
    scale_dark: bool = True
    """Scale a dark of another exposure; only done when the bias is known too."""
    hot_pixels: bool | Literal["auto"] = "auto"
    """Search every sub for hot and dead pixels; "auto" = only when there is no dark."""
    hot_sigma: float = Field(default=8.0, ge=4, le=1000)
    """How far a pixel must stand out of its same-colour neighbours, in sigmas of their noise."""
    dark_hot_sigma: float = Field(default=30.0, ge=5, le=10000)
    """Pixels of the dark this many robust sigmas above its median are repaired, not only subtracted."""
    reject_sigma: float = Field(default=3.0, ge=1.5, le=20)
    """Rejection while raw calibration frames are combined to a master."""


@dataclass(frozen=True, slots=True)
class Master:
    """The combination of calibration frames of one kind.

    Attributes
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32, ADU; a flat's level is of no importance.
    kind : str
        dark, flat, bias or darkflat.
    cfa : str or None
        Pattern where the header tells it.
    info : FrameInfo
        Facts of the first frame.
    n_frames : int
        Frames combined, 1 when unknown.
    source : str
        Where it came from, for people.
    """

    pixels: FloatArray
    kind: Kind
    cfa: CfaPattern | None
    info: FrameInfo
    n_frames: int
    source: str

    def describe(self) -> str:
        """Return one line for the ledger."""
        exposure = "" if self.info.exposure_s is None else f" {self.info.exposure_s:g} s"
        return f"{self.kind} {self.n_frames} x{exposure} ({self.source})"


@dataclass(frozen=True, slots=True)
class Masters:
    """What there is to calibrate with; a flat is already free of its bias."""

    dark: Master | None = None
    flat: Master | None = None
    bias: Master | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The masters for one frame, and why these.

    Attributes
    ----------
    masters : Masters
        What is applied; may be empty.
    key : str
        The same word for the same masters: what is derived from them may be kept under it.
    warnings : tuple of str
        What does not quite fit.
    set_aside : tuple of str
        Masters that were at hand and not used, each with the reason.
    """

    masters: Masters
    key: str
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()


class Chooser(Protocol):
    """Says which masters belong to a frame: those that the settings name, or the best of a library."""

    def choose(self, raw: RawFrame) -> Choice:
        """Return the masters for a light.

        Cheap where the same masters are chosen again; their pixels may be read from disk each time they are asked for.

        Raises
        ------
        CalibrationError
            `master_mismatch`: a master that the user named does not fit.
        """
