"""FITS files: plain, gzip, zlib or tile-compressed; integers and floats; one plane, a mosaic or three colours."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from indistack.decode.base import DECODERS, DecodeSettings, fingerprint, require_contrast
from indistack.decode.cfa import cfa_of
from indistack.decode.hdus import find_image
from indistack.decode.pixels import Scaling, interleave, to_native
from indistack.decode.tiled import decompress
from indistack.decode.unpack import GZIP, LZW, is_zlib, open_source
from indistack.fits_header import frame_info, index
from indistack.frame import Blob, PixelArray, RawFrame
from indistack.tiles import Workers

FULL_SCALE = {"uint8": 255.0, "uint16": 65472.0}
"""Where pixels clip unless the header knows better. 16 bits: the top of a 10-bit converter shifted left, so that 12 and
14-bit ones (65520, 65532) are below it too."""

_STORED = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@DECODERS.register("fits")
class FitsDecoder:
    """FITS, also .fits.gz, .fits.z and .fits.fz."""

    suffixes: ClassVar[frozenset[str]] = frozenset(
        stem + packed for stem in (".fits", ".fit", ".fts") for packed in ("", ".gz", ".z", ".fz")
    )

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:
        """SIMPLE, or a compressed file."""
        return head.startswith((b"SIMPLE", GZIP, LZW)) or (suffix.endswith(".z") and is_zlib(head))

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:
        """Read the first picture of the file."""
        source = open_source(blob.data)
        unit = find_image(source, blob.size_bytes, settings)
        data = source.view(unit.start, unit.stop)
        if unit.tiled:  # scaled already; only integers are still ours to judge
            pixels = _native(decompress(unit.table, unit.shape, data), Scaling(), workers)
        else:
            pixels = _native(np.frombuffer(data, _STORED[unit.bitpix]).reshape(unit.shape), unit.scaling, workers)
        info = frame_info(unit.cards, FULL_SCALE.get(pixels.dtype.name, math.inf))
        cfa = cfa_of(index(unit.cards), len(pixels), settings.bayer) if pixels.ndim == 2 else None
        if info.kind == "light":
            require_contrast(pixels)
        return RawFrame(pixels, cfa, info, fingerprint(pixels))


def _native(stored: PixelArray, scaling: Scaling, workers: Workers) -> PixelArray:
    """Return ``(h, w)`` or ``(h, w, 3)`` native pixels from stored ones of any layout."""
    rows = stored.reshape(-1, stored.shape[-1]) if stored.ndim == 2 or stored.shape[0] == 3 else None
    if rows is None:
        flat = to_native(stored.reshape(len(stored), -1), scaling, workers)
        return flat.reshape(stored.shape)
    native = to_native(rows, scaling, workers).reshape(stored.shape)
    return native if stored.ndim == 2 else interleave(native)
