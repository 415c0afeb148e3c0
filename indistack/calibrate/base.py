"""The settings of calibration, and what a master is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from indistack.settings import Settings
from indistack.values.frame import CfaPattern, FloatArray, FrameInfo, Kind, RawFrame


class CalibrateSettings(Settings):
    """Which masters are applied and how pixels are repaired."""

    enabled: bool = True
    """False: no masters are applied; bad pixels are still repaired."""
    dark: list[str] = Field(default_factory=list)
    """A master dark, or raw darks: paths, folders or globs."""
    flat: list[str] = Field(default_factory=list)
    """A master flat, or raw flats, in the same way."""
    bias: list[str] = Field(default_factory=list)
    """A master bias, or raw bias frames."""
    darkflat: list[str] = Field(default_factory=list)
    """A master dark-flat, or raw darks as long as the flats."""
    scale_dark: bool = True
    """Scale a dark of another exposure; only done when the bias is known too."""
    hot_pixels: bool | Literal["auto"] = "auto"
    """Search subs for hot and dead pixels, and learn those that stay: true = every sub; "auto" = the first subs and
    then now and then, more rarely beside a dark; false = never."""
    hot_sigma: float = Field(default=8.0, ge=4, le=1000)
    """How far a pixel must stand out of its same-colour neighbours, in sigmas of their noise."""
    dark_hot_sigma: float = Field(default=30.0, ge=5, le=10000)
    """Pixels of the dark this many robust sigmas above its median are repaired, not only subtracted."""
    banding: Literal["off", "rows", "columns", "both"] = "off"
    """Level whole rows or columns that the readout made brighter or darker than those beside them."""
    rule: Literal["mean", "livestack"] = "mean"
    """How raw darks become a master: mean without outliers, or LiveStack's dark (see `combine.livestack_dark`)."""
    reject_sigma: float = Field(default=3.0, ge=1.5, le=20)
    """Rejection while raw calibration frames are combined to a master."""
    library: str = "auto"
    """Folder of masters for the lights to choose from; "" = off, "auto" = ~/.local/share/indistack/calibration."""
    exposure_tolerance: float = Field(default=0.02, ge=0, le=1)
    """How far (as a fraction) the exposure of a dark may be off without scaling."""
    dark_scale_max: float = Field(default=2.0, ge=1, le=100)
    """Darks of the library: the longest scaling up; it multiplies the dark's noise too."""
    temperature_tolerance_c: float = Field(default=2.0, ge=0, le=50)
    """How far the temperature of a dark may be off. As with the other tolerances, a master of the library that is
    further off is set aside; one that you named is used with a warning."""
    rotator_tolerance_deg: float = Field(default=2.0, ge=0, le=180)
    """How far the rotator may have turned since the flat: the shadows of dust turn with it."""
    flat_max_age_days: float = Field(default=60.0, gt=0)
    """Dust moves: flats taken longer before (or after) the frame are too old. Their gain does not matter."""
    learn: bool = True
    """While the agent runs, file arriving darks, flats and biases in the library and build their masters."""
    learn_frames: int = Field(default=50, ge=3, le=1000)
    """Raw calibration frames of one kind that a master is built from, the latest; older ones stay where they are."""
    learn_max_gb: float = Field(default=0, ge=0)
    """Room for all raw calibration frames of the library: beyond it the oldest are removed, masters stay. 0 = none is
    removed; `indistack library` tells the room that they take."""
    learn_wait_s: float = Field(default=5.0, ge=0, le=600)
    """A light that arrives while masters are being built waits for them that long, once."""


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

    def present(self) -> tuple[Master, ...]:
        """Return those that there are."""
        return tuple(master for master in (self.dark, self.flat, self.bias) if master is not None)


@dataclass(frozen=True, slots=True)
class MasterChoice:
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

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return the masters for a light.

        Cheap where the same masters are chosen again; their pixels may be read from disk each time they are asked
        for.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.

        Returns
        -------
        MasterChoice
            With what is to be said of it.

        Raises
        ------
        CalibrationError
            `master_mismatch`: a master that the user named does not fit.
        """
