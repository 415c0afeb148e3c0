"""Frames as they flow through the pipeline, and the rules of coordinates.

Arrays are indexed ``[y, x]``, points are ``(x, y)``, the centre of the first pixel is (0, 0), and row 0 is the first
row as stored in the file. Bad-pixel masks: True = do not use. A receiver never changes an array that it was given,
unless it was told that nobody else needs it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
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
    full_scale_adu : float or None
        White, of a picture whose values are shares of it (JPEG, PNG, TIFF of 8 or 16 bits); None where ADU are a
        camera's own.
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
    full_scale_adu: float | None = None
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
class Frame:
    """What raw and calibrated frames have in common.

    Attributes
    ----------
    pixels : array
        ``(height, width)`` CFA or mono, or ``(height, width, 3)`` RGB.
    cfa : str or None
        Colours of the 2x2 cell at stored rows 0, 1 and columns 0, 1 (``"RGGB"``); None for mono and RGB.
    """

    pixels: PixelArray
    cfa: CfaPattern | None

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
class RawFrame(Frame):
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

    info: FrameInfo
    fingerprint: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CalibratedFrame(Frame):
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

    zero: float
    step_adu: float
    bad: BoolArray | None
    info: FrameInfo
    masters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    mended: IndexArray = field(default_factory=lambda: np.empty(0, np.intp))


def hollow(shape: tuple[int, ...], dtype: npt.DTypeLike) -> PixelArray:
    """Return pixels that take no memory, all zero and read-only: of a frame that only its facts are wanted of."""
    return np.broadcast_to(np.zeros((), dtype), shape)


__all__ = [
    "BoolArray", "CalibratedFrame", "Card", "CardValue", "CfaPattern", "CountArray", "DoubleArray", "FloatArray",
    "FrameInfo", "IndexArray", "Kind", "Number", "PixelArray", "RawFrame", "hollow",
]  # fmt: skip
