"""JPEG, PNG and TIFF pictures, through OpenCV."""

from __future__ import annotations

import math
from typing import ClassVar

import cv2
import numpy as np

from indistack.decode.base import DECODERS, DecodeSettings, fingerprint, require_contrast, require_ratio, require_size
from indistack.decode.picture_size import JPEG, PNG, TIFF, picture_size
from indistack.errors import DecodeError
from indistack.frame import Blob, CfaPattern, FrameInfo, PixelArray, RawFrame
from indistack.tiles import Workers

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0}


@DECODERS.register("raster")
class RasterDecoder:
    """JPEG, PNG, TIFF; 8 or 16 bits or float; grey or RGB."""

    suffixes: ClassVar[frozenset[str]] = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff"))

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:  # noqa: ARG004
        """One of the three signatures."""
        return head.startswith((PNG, JPEG, *TIFF))

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:  # noqa: ARG002
        """Read the picture as stored: EXIF orientation is not applied, so that all subs of a camera agree.

        A JPEG has passed a tone curve and is marked so. A grey picture is mono unless the settings name its CFA.
        """
        data = memoryview(blob.data).cast("B")
        head = bytes(data[:8])
        if not self.claims(head, blob.suffix):
            raise DecodeError("not_a_frame", f"begins with {head!r}", {"bytes": len(data)})
        size = picture_size(data)
        require_size(size.width, size.height, settings)
        require_ratio(size.pixel_bytes, len(data))
        pixels = _colours(_opened(data))
        require_contrast(pixels)
        saturation_adu = FULL_SCALE.get(pixels.dtype.name, math.inf)
        info = FrameInfo(saturation_adu=saturation_adu, linear=not head.startswith(JPEG))
        return RawFrame(pixels, _cfa(pixels, settings), info, fingerprint(pixels))


def _opened(data: memoryview) -> PixelArray:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DecodeError("damaged", str(error.err or error), {"bytes": len(data)}) from error
    if pixels is None:
        raise DecodeError("damaged", "the picture cannot be decoded", {"bytes": len(data)})
    if pixels.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise DecodeError("unsupported", f"pixels of type {pixels.dtype}", {"dtype": str(pixels.dtype)})
    narrowed: PixelArray = pixels.astype(np.float32) if pixels.dtype == np.float64 else pixels
    return narrowed


def _colours(pixels: PixelArray) -> PixelArray:
    """Return grey as ``(h, w)``, colour as RGB; alpha is dropped."""
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] not in (1, 2, 3, 4):
        raise DecodeError("unsupported", f"{pixels.shape[2]} channels", {"channels": pixels.shape[2]})
    if pixels.shape[2] < 3:
        return np.ascontiguousarray(pixels[..., 0])
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB))


def _cfa(pixels: PixelArray, settings: DecodeSettings) -> CfaPattern | None:
    bayer = settings.bayer
    return None if pixels.ndim == 3 or bayer == "auto" or bayer == "none" else bayer
