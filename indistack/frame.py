"""The values that flow through the pipeline, and the rules of coordinates.

Arrays are indexed ``[y, x]``, points are ``(x, y)``, the centre of the first pixel is (0, 0), and row 0 is the first
row as stored in the file. Bad-pixel masks: True = do not use. A receiver never changes an array that it was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from indistack.errors import Number

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
CountArray = npt.NDArray[np.uint16]
IndexArray = npt.NDArray[np.intp]
PixelArray = npt.NDArray[Any]
"""uint8, uint16, int32 or float32 pixels, as a camera or a file stores them."""

CardValue = str | int | float | bool
Card = tuple[str, CardValue, str]
"""One FITS header card: keyword, value, comment."""

Kind = Literal["light", "dark", "flat", "bias", "darkflat"]
CfaPattern = Literal["RGGB", "BGGR", "GRBG", "GBRG"]


@dataclass(frozen=True, slots=True)
class Spooled:
    """How a blob is kept on the disk.

    Attributes
    ----------
    name : str
        In the spool.
    took_ms : float
        What writing it took.
    modified_ns : int or None
        When the file that it came in was written, where it came in one: tells that file from others of its name.
    """

    name: str
    took_ms: float = 0.0
    modified_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of one frame as a source delivered them.

    Attributes
    ----------
    data : bytes-like
        The whole file; may be a memory map of it.
    suffix : str
        Format as announced, lower case with its dot (``".fits.fz"``); content decides, not this.
    device : str
        The camera's INDI name, or the folder's or command's name.
    origin : str
        Path of the file, or ``"Device.PROPERTY"``.
    received : datetime
        UTC.
    path : Path or None
        Where the same bytes stand on this machine's disk, if they do.
    fault : str
        Why `data` is empty, when the source could not read it ("" when it could): such a blob is still told of.
    cards : tuple of Card
        What the device itself says of the exposure, as FITS cards; used where the file is silent. For pixels without
        any header (``.bin``) also NAXIS1, NAXIS2 and BITPIX.
    spooled : Spooled or None
        How it is kept, where it is.
    """

    data: bytes | memoryview
    suffix: str
    device: str
    origin: str
    received: datetime
    path: Path | None = None
    fault: str = ""
    cards: tuple[Card, ...] = ()
    spooled: Spooled | None = None

    @property
    def size_bytes(self) -> int:
        """Length of the data."""
        return memoryview(self.data).nbytes


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What is known of an exposure; None where the header does not say.

    Attributes
    ----------
    kind : str
        light, dark, flat, bias or darkflat.
    gain_setting : float or None
        The camera's own number; ISO for a DSLR.
    e_per_adu : float or None
        Conversion factor, electrons per ADU.
    saturation_adu : float
        Values at or above are clipped; inf when unknown.
    black_adu : float
        Level that the camera is known to record without light; 0 when unknown. In a calibrated frame always 0.
    ra_deg, dec_deg : float or None
        Where the telescope said it pointed.
    scale_arcsec_px : float or None
        Plate scale of this frame's pixels.
    bottom_up : bool
        The first stored row is the bottom of the picture (ROWORDER).
    linear : bool
        False for camera JPEGs, whose values have passed a tone curve.
    readout_mode : str
        The camera's name for how the sensor is read; "" when unknown.
    rotator_deg : float or None
        Angle of the rotator.
    white_balance : (float, float, float) or None
        The camera's multipliers of R, G and B for daylight-like colours, green 1.
    orientation : int
        EXIF: how the stored picture is to be turned for people, 1 = as stored. Pixels stay as stored.
    header : tuple of Card
        All cards as read, in order.
    """

    kind: Kind = "light"
    exposure_s: float | None = None
    gain_setting: float | None = None
    offset_setting: float | None = None
    e_per_adu: float | None = None
    temperature_c: float | None = None
    binning: tuple[int, int] = (1, 1)
    saturation_adu: float = math.inf
    black_adu: float = 0.0
    date_obs: datetime | None = None
    target: str = ""
    filter_name: str = ""
    camera: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    scale_arcsec_px: float | None = None
    bottom_up: bool = False
    linear: bool = True
    readout_mode: str = ""
    rotator_deg: float | None = None
    white_balance: tuple[float, float, float] | None = None
    orientation: int = 1
    header: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as recorded.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` CFA or mono, or ``(height, width, 3)`` RGB; the camera's dtype in native byte order. ADU.
    cfa : str or None
        Colours of the 2x2 cell at stored rows 0, 1 and columns 0, 1 (``"RGGB"``); None for mono and RGB.
    info : FrameInfo
        Facts of the exposure.
    fingerprint : str
        Same pixels, same word: recognises one exposure that arrives twice.
    warnings : tuple of str
        What seems wrong with the frame, but does not forbid its use; for the ledger and for people.
    """

    pixels: PixelArray
    cfa: CfaPattern | None
    info: FrameInfo
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Channels of the picture that this frame makes: 3 for CFA and RGB, 1 for mono."""
        return 3 if self.cfa is not None or self.pixels.ndim == 3 else 1


@dataclass(frozen=True, slots=True)
class CalibratedFrame:
    """A linear plane without the camera's own pattern, still CFA where the camera is colour.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` uint16 (CFA) or float32 (mono), or ``(height, width, 3)`` float32 (RGB). Stored values;
        ``adu = (stored - zero) * step_adu``.
    cfa : str or None
        As in `RawFrame`.
    zero : float
        Stored value of 0 ADU (the pedestal that keeps noise above zero in a uint16 plane).
    step_adu : float
        ADU per stored unit.
    bad : bool array or None
        ``(height, width)``; True = do not use (no neighbour to repair it from, or not a number).
    info : FrameInfo
        Facts of the exposure.
    masters : tuple of str
        Which masters were applied, for the ledger.
    warnings : tuple of str
        The raw frame's, and what does not fit between frame and masters.
    set_aside : tuple of str
        Masters that were at hand and not used, each with the reason.
    mended : array
        Flat indices of the pixels that were found bad, sorted; intp.
    """

    pixels: PixelArray
    cfa: CfaPattern | None
    zero: float
    step_adu: float
    bad: BoolArray | None
    info: FrameInfo
    masters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    mended: IndexArray = field(default_factory=lambda: np.empty(0, np.intp))

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Channels of the picture that this frame makes: 3 for CFA and RGB, 1 for mono."""
        return 3 if self.cfa is not None or self.pixels.ndim == 3 else 1


@dataclass(frozen=True, slots=True)
class StarList:
    """Stars of one frame, brightest first; all arrays float64 of one length, `saturated` bool.

    Attributes
    ----------
    x, y : array
        Position (px) in the frame's full-resolution pixels.
    flux : array
        Background-subtracted flux (ADU), luminance (green where the frame is CFA).
    fwhm : array
        Full width at half maximum (px, full resolution).
    hfr : array
        Half-flux radius (px, full resolution).
    eccentricity : array
        ``sqrt(1 - (b/a)**2)``, 0 round.
    angle : array
        Direction of the longer axis (rad, from x towards y, -pi/2 to pi/2).
    saturated : array
        True where the core is clipped.
    background_adu : float
        Median sky level of the frame.
    noise_adu : float
        Robust standard deviation of the sky, per pixel.
    """

    x: DoubleArray
    y: DoubleArray
    flux: DoubleArray
    fwhm: DoubleArray
    hfr: DoubleArray
    eccentricity: DoubleArray
    angle: DoubleArray
    saturated: BoolArray
    background_adu: float
    noise_adu: float

    def __len__(self) -> int:
        return len(self.x)

    @property
    def xy(self) -> DoubleArray:
        """``(n, 2)`` positions."""
        return np.column_stack([self.x, self.y])

    def take(self, index: Any) -> StarList:
        """Return the stars that a NumPy index (mask, slice, integers) picks."""
        return StarList(
            self.x[index], self.y[index], self.flux[index], self.fwhm[index], self.hfr[index],
            self.eccentricity[index], self.angle[index], self.saturated[index], self.background_adu, self.noise_adu,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """What brings a sub to the reference's ADU, ``adu * scale + background``, and what its stars told.

    Attributes
    ----------
    scale : float
        Factor, above 0.
    background : tuple of tuple of float
        What is added: one surface (see `surface`) per channel, or one for all.
    transparency : float or None
        Share of the reference's starlight that reached the camera, per second and electron; None where it cannot be
        told.
    brightness : float
        Brightness of stars in the scaled sub, the reference's being 1; differs from 1 only where `scale` does not undo
        what the stars show.
    compared : int
        Stars that were compared.
    gradient_sigma : float
        How much the sky's gradient differs from the reference's, peak to peak over the frame, in units of the
        reference's noise per pixel, whether `background` undoes it or not.
    """

    scale: float = 1.0
    background: tuple[tuple[float, ...], ...] = ((0.0,),)
    transparency: float | None = None
    brightness: float = 1.0
    compared: int = 0
    gradient_sigma: float = 0.0

    @property
    def offset_adu(self) -> tuple[float, ...]:
        """What is added at the frame's centre, per channel."""
        return tuple(surface[0] for surface in self.background)


@dataclass(frozen=True, slots=True)
class Scene:
    """What an aligner sees of a frame.

    Attributes
    ----------
    stars : StarList
        Its stars, brightest first.
    width, height : int
        Size of the frame (px).
    luminance : array or None
        ``(height // 2, width // 2)`` float32, 2x2-binned, ADU; pixel ``(X, Y)`` has its centre at frame position
        ``(2 X + 0.5, 2 Y + 0.5)``.
    """

    stars: StarList
    width: int
    height: int
    luminance: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """A read-only view of the stack.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` or ``(height, width, 3)`` float32, ADU; meaningless where `weight` is 0.
    weight : array
        ``(height, width)`` float32, or ``(height, width, 3)`` where every colour has its own (drizzle).
    coverage : array
        ``(height, width)`` uint16, how many subs reached the pixel.
    n_subs : int
        Subs added.
    exposure_s : float
        Their summed exposure.
    variance : array or None
        ``(height, width)`` float32, of the subs' values, as the mean of their colours, for weight 1 (ADU^2); where the
        method keeps it.
    rejected : array or None
        ``(height, width)`` uint16, how many subs reached the pixel and were rejected there; where the method rejects.
    """

    pixels: FloatArray
    weight: FloatArray
    coverage: CountArray
    n_subs: int
    exposure_s: float
    variance: FloatArray | None = None
    rejected: CountArray | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture for people: ``(height, width)`` or ``(height, width, 3)`` uint8 or uint16, RGB, top row first."""

    pixels: PixelArray
    made_by: str


__all__ = [
    "Blob", "BoolArray", "CalibratedFrame", "Card", "CardValue", "CfaPattern", "CountArray",
    "DoubleArray", "FloatArray", "FrameInfo", "IndexArray", "Integration", "Kind", "Match", "Number",
    "PixelArray", "Preview", "RawFrame", "Scene", "Spooled", "StarList", ]  # fmt: skip
