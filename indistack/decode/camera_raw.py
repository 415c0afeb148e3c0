"""Raw files of cameras: the mosaic as the sensor recorded it, never a developed picture."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from typing import Any, ClassVar, get_args

from indistack.decode.base import DECODERS, DecodeSettings, fingerprint, require_contrast
from indistack.decode.exif import exif_facts, header_of
from indistack.decode.tiff import TIFF, TIFF_LIKE, Directory
from indistack.errors import DecodeError
from indistack.libraw import LibRaw, SensorFacts
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import CfaPattern, FrameInfo, RawFrame

FOVEON = b"FOVb"
SIGNATURES = (
    *TIFF_LIKE[len(TIFF) :], b"FUJIFILMCCD-RAW", b"\0MRM", FOVEON, b"II\x1a\0\0\0HEAPCCDR", b"IIII", b"MMMM",
)  # fmt: skip

DNG_VERSION, PHOTOMETRIC, SUB_DIRECTORIES = 50706, 262, 330
MOSAIC = 32803
MAX_SUB_DIRECTORIES = 16

ORIENTATIONS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""EXIF's numbers for dcraw's: 1 mirrors left and right, 2 top and bottom, 4 swaps rows and columns."""

_LIBRAW = LibRaw()
"""Starts nothing before the first raw file."""


@DECODERS.register("camera_raw", rank=-1)  # before who takes any TIFF
class CameraRawDecoder:
    """CR2, CR3, NEF, ARW, DNG and the like, through LibRaw."""

    suffixes: ClassVar[frozenset[str]] = frozenset(
        f".{name}"
        for name in (
            "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr", "iiq", "kdc", "mef", "mos", "mrw",
            "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
        )
    )  # fmt: skip

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:
        """A maker's own signature, or a TIFF that says it is a raw file, by a mark, a tag or its suffix."""
        if head.startswith(SIGNATURES) or head[4:12] == b"ftypcrx ":
            return True
        if not head.startswith(TIFF):
            return False
        return suffix in CameraRawDecoder.suffixes or head[8:10] == b"CR" or is_raw_tiff(memoryview(head))

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:  # noqa: ARG002
        """Read the visible part of the sensor.

        Values stay as recorded. The level without light is told as `black_adu`; where it differs between the colours,
        the lower ones are raised to the highest first. The camera's clock is taken for UTC unless the file tells its
        zone.
        """
        data = memoryview(blob.data).cast("B")
        if data[:4] == FOVEON:
            raise DecodeError(
                "unsupported",
                "Foveon, three layers in every pixel: convert it to a 16-bit TIFF",
                {"bytes": len(data)},
            )
        pixels, facts = _LIBRAW.read(data, settings.max_megapixels)
        require_contrast(pixels)
        cfa = next((known for known in get_args(CfaPattern) if known == facts.cfa), None)
        return RawFrame(pixels, cfa, _info(facts, exif_facts(data)), fingerprint(pixels))


def is_raw_tiff(data: memoryview) -> bool:
    """Return whether a TIFF is a camera's raw file: a DNG, or with a mosaic in its first or an inner directory."""
    try:
        first = Directory(data)
        inner = (Directory(data, int(at)) for at in first.numbers(SUB_DIRECTORIES)[:MAX_SUB_DIRECTORIES])
        return DNG_VERSION in first or any(directory.whole(PHOTOMETRIC) == MOSAIC for directory in (first, *inner))
    except (struct.error, ValueError, OverflowError):
        return False


def _info(facts: SensorFacts, exif: dict[str, Any]) -> FrameInfo:
    """Return the facts of the exposure: Exif's where it has them, else what LibRaw found in the maker's own form."""
    taken = datetime.fromisoformat(facts.taken).replace(tzinfo=UTC) if facts.taken else None
    told = {"exposure_s": facts.exposure_s, "gain_setting": facts.iso, "date_obs": taken} | exif
    return FrameInfo(
        **told
        | {
            "saturation_adu": facts.saturation_adu or math.inf,
            "black_adu": facts.black_adu,
            "white_balance": facts.white_balance,
            "orientation": ORIENTATIONS.get(facts.flip, 1),
            "header": header_of(told),
        }
    )
