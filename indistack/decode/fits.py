"""FITS files: plain, gzip, zlib or tile-compressed; integers and floats; one plane, a mosaic or three colours."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from indistack.decode.assemble import assemble
from indistack.decode.base import DECODERS, DecodeSettings
from indistack.decode.hdus import ImageUnit, find_image
from indistack.decode.pixels import Scaling, is_plain_int16, native_image
from indistack.decode.tiled import decompress
from indistack.decode.unpack import GZIP, LZW, is_zlib, open_source
from indistack.decode.value_range import LOST_BZERO, LOST_OFFSET, lost_bzero, lost_offset
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import PixelArray, RawFrame

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
            stored, scaling = decompress(unit.table, unit.shape, data), Scaling()
        else:
            stored, scaling = _array(data, unit), unit.scaling
        warnings = []
        if is_plain_int16(stored, scaling) and lost_bzero(rows := stored.reshape(len(stored), -1)):
            shifted = lost_offset(rows)
            scaling = replace(scaling, unsigned=True, bzero=32768.0 if shifted else 0.0)
            warnings.append(LOST_OFFSET if shifted else LOST_BZERO)
        real = stored.dtype.kind == "f" or not scaling.bscale.is_integer()
        pixels = native_image(stored, scaling, workers, planar=stored.shape[0] == 3)
        return assemble(pixels, unit.cards, settings, workers, warnings, real=real)


def _array(data: memoryview, unit: ImageUnit) -> PixelArray:
    """Return the pixels as stored, without what an extension may keep behind them (PCOUNT)."""
    return np.frombuffer(data, _STORED[unit.bitpix], math.prod(unit.shape)).reshape(unit.shape)
