"""A DSLR's own files: a minimal uncompressed DNG, and a JPEG as the camera would develop it, both with Exif."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint16]

# TIFF field types: code, bytes, struct letter.
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_SIZES = {_BYTE: 1, _ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _SRATIONAL: 8}
_CHANNELS = {"R": 0, "G": 1, "B": 2}
# XYZ to the camera's own colours; a plain sRGB camera (inverse of the matrix in IEC 61966-2-1).
_XYZ_TO_CAMERA = (3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572)
# OpenCV names a pattern by its second row and column, counted from 1.
_OPENCV_BAYER = {
    "RGGB": cv2.COLOR_BayerBG2BGR,
    "BGGR": cv2.COLOR_BayerRG2BGR,
    "GRBG": cv2.COLOR_BayerGB2BGR,
    "GBRG": cv2.COLOR_BayerGR2BGR,
}
Field = tuple[int, int, Sequence[float] | str | bytes]


@dataclass(frozen=True, slots=True)
class Shot:
    """What a camera notes about a picture."""

    model: str
    date_obs: datetime
    exposure_s: float
    iso: int
    cfa: str
    black_adu: float
    white_adu: int
    neutral: tuple[float, float, float]


def dng_bytes(pixels: Pixels, shot: Shot) -> bytes:
    """Return a little-endian DNG 1.1 with one uncompressed strip, shape (height, width); mono has one linear plane."""
    height, width = pixels.shape
    data = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    mosaic: list[Field] = [
        (33421, _SHORT, [2, 2]),
        (33422, _BYTE, bytes(_CHANNELS[letter] for letter in shot.cfa if letter in _CHANNELS)),
    ]
    fields: list[Field] = [
        (254, _LONG, [0]),
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [16]),
        (259, _SHORT, [1]),
        (262, _SHORT, [34892 if shot.cfa == "mono" else 32803]),
        (271, _ASCII, "Indistack"),
        (272, _ASCII, shot.model),
        (273, _LONG, [8]),
        (274, _SHORT, [1]),
        (277, _SHORT, [1]),
        (278, _LONG, [height]),
        (279, _LONG, [len(data)]),
        (284, _SHORT, [1]),
        (306, _ASCII, _exif_date(shot.date_obs)),
        *(mosaic if shot.cfa != "mono" else []),
        (50706, _BYTE, bytes([1, 1, 0, 0])),
        (50708, _ASCII, shot.model),
        (50714, _LONG, [round(shot.black_adu)]),
        (50717, _LONG, [shot.white_adu]),
        (50721, _SRATIONAL, _XYZ_TO_CAMERA),
        (50728, _RATIONAL, shot.neutral),
        (50778, _SHORT, [21]),
    ]
    return _tiff(data, fields, _exif_fields(shot))


def jpeg_bytes(pixels: Pixels, shot: Shot, quality: int = 95) -> bytes:
    """Return the developed picture as a JPEG with an Exif block."""
    bgr = develop(pixels, shot)[..., ::-1]
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the JPEG encoder refused the picture")
    jpeg = encoded.tobytes()
    main: list[Field] = [
        (271, _ASCII, "Indistack"),
        (272, _ASCII, shot.model),
        (306, _ASCII, _exif_date(shot.date_obs)),
    ]
    exif = b"Exif\0\0" + _tiff(b"", main, _exif_fields(shot))
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def develop(pixels: Pixels, shot: Shot) -> NDArray[np.uint8]:
    """Return an 8-bit RGB picture, shape (height, width, 3): black level, white balance, sRGB curve."""
    stretch = 65535 / (shot.white_adu - shot.black_adu)
    scaled = np.clip((pixels.astype(np.float32) - shot.black_adu) * stretch, 0, 65535)
    raw = scaled.astype(np.uint16)
    colour = cv2.cvtColor(raw, _OPENCV_BAYER[shot.cfa]) if shot.cfa in _OPENCV_BAYER else np.dstack([raw] * 3)
    balanced = colour[..., ::-1].astype(np.float32) / (np.array(shot.neutral, np.float32) * 65535)
    linear = np.clip(balanced, 0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(curve * 255), dtype=np.uint8)


def _exif_date(date: datetime) -> str:
    return date.strftime("%Y:%m:%d %H:%M:%S")


def _exif_fields(shot: Shot) -> list[Field]:
    return [
        (33434, _RATIONAL, [shot.exposure_s]),
        (34855, _SHORT, [min(shot.iso, 65535)]),
        (36864, _BYTE, b"0230"),
        (36867, _ASCII, _exif_date(shot.date_obs)),
        (36881, _ASCII, "+00:00"),
        (37521, _ASCII, f"{shot.date_obs.microsecond // 1000:03d}"),
    ]


def _tiff(data: bytes, fields: list[Field], exif: list[Field]) -> bytes:
    """Return header, data, the main directory and the Exif directory, in this order; the data begin at byte 8."""
    data += b"\0" * (len(data) % 2)
    main_at = 8 + len(data)
    main = sorted([*fields, (34665, _LONG, [0])])
    exif_at = main_at + len(_directory(main, main_at))
    main = sorted([*fields, (34665, _LONG, [exif_at])])
    return struct.pack("<2sHI", b"II", 42, main_at) + data + _directory(main, main_at) + _directory(exif, exif_at)


def _directory(fields: list[Field], at: int) -> bytes:
    """Return one image file directory that lies at a byte offset, with the values that do not fit into it after it."""
    entries, overflow = b"", b""
    overflow_at = at + 2 + 12 * len(fields) + 4
    for tag, code, value in fields:
        encoded = _encode(code, value)
        count = len(encoded) // _SIZES[code]
        if len(encoded) <= 4:
            place = encoded.ljust(4, b"\0")
        else:
            place = struct.pack("<I", overflow_at + len(overflow))
            overflow += encoded + b"\0" * (len(encoded) % 2)
        entries += struct.pack("<HHI", tag, code, count) + place
    return struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0) + overflow


def _encode(code: int, value: Sequence[float] | str | bytes) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii", "replace") + b"\0"
    if isinstance(value, bytes):
        return value
    if code in (_RATIONAL, _SRATIONAL):
        return b"".join(struct.pack("<ii", *_ratio(number)) for number in value)
    letter = "H" if code == _SHORT else "I"
    return struct.pack(f"<{len(value)}{letter}", *(int(number) for number in value))


def _ratio(value: float) -> tuple[int, int]:
    """Return a fraction of two 31-bit numbers, exact to a part in ten million for exposures up to hours."""
    scale = 10 ** max(0, min(7, 8 - math.ceil(math.log10(max(abs(value), 1e-9)))))
    return round(value * scale), scale
