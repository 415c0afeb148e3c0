"""Raw files of cameras: the mosaic as the sensor recorded it, never a developed picture."""

from __future__ import annotations

import io
import math
import struct
from datetime import UTC, datetime
from typing import Any, ClassVar

import numpy as np

from indistack.decode.base import DECODERS, DecodeSettings, fingerprint, require_contrast, require_size
from indistack.decode.cfa import PATTERNS
from indistack.decode.picture_size import TIFF, tiff_entries
from indistack.errors import DecodeError
from indistack.frame import Blob, CfaPattern, FrameInfo, PixelArray, RawFrame
from indistack.tiles import Workers

SIGNATURES = (
    b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM", b"FOVb", b"II\x1a\0\0\0HEAPCCDR",
)  # fmt: skip
DNG_VERSION = 50706


@DECODERS.register("camera_raw")
class CameraRawDecoder:
    """CR2, CR3, NEF, ARW, DNG and the like, through LibRaw."""

    suffixes: ClassVar[frozenset[str]] = frozenset(
        f".{name}"
        for name in (
            "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mos", "mrw", "nef", "nrw", "orf",
            "pef", "raf", "raw", "rw2", "srw",
        )
    )  # fmt: skip

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:
        """A maker's own signature, or a TIFF that says it is a raw file, by a mark, a tag or its suffix."""
        if head.startswith(SIGNATURES) or head[4:12] == b"ftypcrx ":
            return True
        if not head.startswith(TIFF):
            return False
        return suffix in CameraRawDecoder.suffixes or head[8:10] == b"CR" or _is_dng(head)

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:  # noqa: ARG002
        """Read the visible part of the sensor.

        Values stay as recorded. The level without light is told as `black_adu`; where it differs between the colours,
        the lower ones are raised to the highest first.
        """
        import rawpy  # slow to import, and most sessions never need it

        try:
            with rawpy.imread(io.BytesIO(blob.data)) as raw:
                sizes = raw.sizes
                require_size(sizes.raw_width, sizes.raw_height, settings)
                pixels, cfa, black = _read(raw)
                info = _info(raw, black)
        except rawpy.LibRawError as error:
            reason = "truncated" if isinstance(error, rawpy.LibRawIOError) else "damaged"
            if isinstance(error, rawpy.LibRawFileUnsupportedError):
                reason = "unsupported"
            raise DecodeError(reason, f"LibRaw: {_words(error)}", {"bytes": blob.size_bytes}) from error
        require_contrast(pixels)
        if settings.bayer != "auto" and pixels.ndim == 2:
            cfa = None if settings.bayer == "none" else settings.bayer
        return RawFrame(pixels, cfa, info, fingerprint(pixels))


def _is_dng(head: bytes) -> bool:
    try:
        return any(tag == DNG_VERSION for tag, *_ in tiff_entries(memoryview(head)))
    except struct.error:
        return False


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else type(error).__name__
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)


def _read(raw: Any) -> tuple[PixelArray, CfaPattern | None, float]:
    """Return pixels, pattern at their first row and column, and the level without light."""
    visible: PixelArray = raw.raw_image_visible
    if visible.ndim == 3 and raw.raw_type.name == "Stack" and raw.num_colors == 3:  # linear DNG
        return np.ascontiguousarray(visible[..., :3]), None, float(max(raw.black_level_per_channel[:3]))
    pattern = raw.raw_pattern
    if visible.ndim != 2 or pattern is None or pattern.shape != (2, 2):
        shape = "none" if pattern is None else "x".join(map(str, pattern.shape))
        raise DecodeError("unsupported", f"a mosaic of {shape} pixels, not 2x2 (X-Trans?)", {"mosaic": shape})
    letters = raw.color_desc.decode("ascii", "replace")
    said = "".join(letters[index] for index in pattern.ravel())
    cfa = next((known for known in PATTERNS if known == said), None)
    if cfa is None:
        raise DecodeError("unsupported", f"colour filter array {said!r}", {"cfa": said})
    pixels = visible.copy()
    blacks = np.array([raw.black_level_per_channel[index] for index in pattern.ravel()])
    for cell, raised in enumerate(blacks.max() - blacks):
        if raised:
            pixels[cell // 2 :: 2, cell % 2 :: 2] += raised.astype(pixels.dtype)
    return pixels, cfa, float(blacks.max())


def _info(raw: Any, black: float) -> FrameInfo:
    """Return what LibRaw knows of the exposure; the camera's clock is taken for UTC."""
    other = getattr(raw, "other", None)  # newer versions of rawpy only
    iso, exposure_s, moment = (getattr(other, name, None) for name in ("iso_speed", "shutter_speed", "timestamp"))
    told = bool(iso)  # else the other facts are LibRaw's fillers
    return FrameInfo(
        exposure_s=float(exposure_s) if told and exposure_s else None,
        gain_setting=float(iso) if iso else None,
        saturation_adu=float(raw.white_level) if raw.white_level else math.inf,
        black_adu=black,
        date_obs=moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.year >= 1990 else None,
    )
