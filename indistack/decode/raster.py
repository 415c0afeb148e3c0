"""JPEG, PNG and TIFF pictures."""

from __future__ import annotations

import math
import struct
from itertools import takewhile
from typing import ClassVar

import cv2
import numpy as np

from indistack.decode.assemble import FULL_SCALE
from indistack.decode.base import DECODERS, DecodeSettings, fingerprint, require_contrast, require_ratio, require_size
from indistack.decode.beginnings import beginning
from indistack.decode.camera_raw import is_raw_tiff
from indistack.decode.exif import exif_facts, header_of
from indistack.decode.picture_size import JPEG, PNG, picture_parts, picture_size, png_chunks
from indistack.decode.pixels import Scaling, to_native
from indistack.decode.tiff import TIFF
from indistack.decode.tiff_pixels import tiff_pixels
from indistack.decode.value_range import FRACTIONS, FULL_SCALE_ADU, are_fractions, fractions_to_adu
from indistack.errors import DecodeError
from indistack.system.blame import library
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import FrameInfo, PixelArray, RawFrame

WHITE_ADU = {"uint8": 255.0, "uint16": FULL_SCALE_ADU}

LINEAR_GAMMA = range(95_000, 105_000)
"""A PNG's gAMA for values in proportion to the light, which is 100000, give or take a rounding."""


@DECODERS.register("raster")
class RasterDecoder:
    """JPEG, PNG, TIFF; 8 or 16 bits, or more in a TIFF; integers or floats; grey or RGB."""

    suffixes: ClassVar[frozenset[str]] = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff"))

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:  # noqa: ARG004
        """One of the signatures."""
        return head.startswith((PNG, JPEG, *TIFF))

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:
        """Read the picture as stored: orientation is not applied, so that all subs of a camera agree.

        A JPEG has passed a tone curve and is marked so, and so is a PNG that says it is made for screens (sRGB, gAMA).
        Others are taken for what capture programs save: linear. Floats from 0 to 1 are brought to ADU.
        """
        data = memoryview(blob.data).cast("B")
        if bytes(data[:4]).startswith(TIFF) and is_raw_tiff(data):  # a mosaic, whatever its name
            return DECODERS.get("camera_raw")().decode(blob, settings, workers)
        stored = _stored(data, settings)
        pixels = to_native(stored.reshape(len(stored), -1), Scaling(), workers).reshape(stored.shape)
        require_contrast(pixels)
        mark = fingerprint(pixels)
        warnings: tuple[str, ...] = ()
        saturation_adu, white_adu = FULL_SCALE.get(pixels.dtype.name, math.inf), WHITE_ADU.get(pixels.dtype.name)
        if are_fractions(pixels, {}):
            fractions_to_adu(pixels, workers)
            saturation_adu, white_adu, warnings = FULL_SCALE["uint16"], FULL_SCALE_ADU, (FRACTIONS,)
        facts = exif_facts(data)
        info = FrameInfo(
            saturation_adu=saturation_adu,
            full_scale_adu=white_adu,
            linear=_is_linear(data),
            header=header_of(facts),
            **facts,
        )
        return RawFrame(pixels, None, info, mark, warnings)


def _stored(data: memoryview, settings: DecodeSettings) -> PixelArray:
    """Return ``(h, w)`` or ``(h, w, 3)`` RGB in the file's own type."""
    head = bytes(data[:32])
    if head.startswith(TIFF):
        return tiff_pixels(data, settings)
    if head.startswith((PNG, JPEG)):
        return _opened(data, settings)
    raise DecodeError("not_a_frame", f"{beginning(head)}: no JPEG, PNG or TIFF", {"bytes": len(data)})


def _opened(data: memoryview, settings: DecodeSettings) -> PixelArray:
    """Return ``(h, w)`` grey or ``(h, w, 3)`` RGB of a JPEG or PNG; alpha is dropped."""
    size = picture_size(data)
    require_size(size.width, size.height, settings)
    require_ratio(size.pixel_bytes, len(data))
    picture = b"".join(picture_parts(data)) if bytes(data[:8]) == PNG else data
    with library("OpenCV", len(data)):
        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (size.height, size.width):
        raise DecodeError("damaged", "the picture cannot be decoded", {"bytes": len(data)})
    if pixels.ndim == 2:
        return np.asarray(pixels)
    if size.channels < 3:  # grey with alpha comes as four equal channels
        return np.ascontiguousarray(pixels[..., 0])
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB))


def _is_linear(data: memoryview) -> bool:
    head = bytes(data[:8])
    if head != PNG:
        return not head.startswith(JPEG)
    chunks = dict(takewhile(lambda chunk: chunk[0] != b"IDAT", png_chunks(data)))
    gamma = chunks.get(b"gAMA", b"")
    return b"sRGB" not in chunks and (len(gamma) != 4 or struct.unpack(">I", gamma)[0] in LINEAR_GAMMA)
