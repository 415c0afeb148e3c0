"""Pixels without any header (``.bin``), as INDI drivers send them when asked for their native format.

What they mean only the driver's properties tell; the source hands them on as cards. The driver's own frame buffer is
sent: little-endian, colour as one plane after the other, often with a few hundred unused bytes at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from indistack.decode.assemble import assemble
from indistack.decode.base import DECODERS, DecodeSettings, require_size
from indistack.decode.picture_size import JPEG, PNG, TIFF
from indistack.decode.pixels import Scaling, native_image
from indistack.decode.section import parse_section
from indistack.decode.unpack import open_source
from indistack.errors import DecodeError
from indistack.fits_header import index, number
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import CardValue, RawFrame

MAX_SIDE_PX = 1_000_000
SPARE_BYTES = 4096
"""What drivers of libindi leave unused at the end of their frame buffers (512 bytes is usual)."""

MAX_PIXEL_BYTES = 12
"""Three colours of 32 bits."""

_STORED = {8: "<u1", 16: "<u2", 32: "<u4"}


@DECODERS.register("bin", rank=-2)  # asked first: pixels may begin like any other format
class HeaderlessDecoder:
    """Bare pixels of a driver, also deflated (``.bin.z``)."""

    suffixes: ClassVar[frozenset[str]] = frozenset((".bin", ".bin.z"))

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:
        """Whatever is called so and has no unmistakable signature: pixels may begin with any two bytes."""
        known = head.startswith((b"SIMPLE  =", b"XISF0100", PNG, JPEG, *TIFF))
        return suffix in HeaderlessDecoder.suffixes and not known

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:
        """Read the frame that the blob's cards describe."""
        table = index(blob.cards)
        width, height = (_side(table, keyword) for keyword in ("NAXIS1", "NAXIS2"))
        require_size(width, height, settings)
        buffers = _buffers(table)
        data = memoryview(blob.data).cast("B")
        if blob.suffix.lower().endswith(".z"):
            data = open_source(data).view(0, MAX_PIXEL_BYTES * max([width * height, *buffers]) + SPARE_BYTES)
        told = int(min(number(table.get("BITPIX")) or 16, 64))
        planes, bits = _layout(len(data), width, height, told, buffers)
        shape = (3, height, width) if planes == 3 else (height, width)
        stored = np.frombuffer(data, _STORED[bits], planes * height * width).reshape(shape)
        warnings = [] if bits >= told else [f"the driver tells of {told} bits per pixel and sends {bits}"]
        return assemble(native_image(stored, Scaling(), workers, planar=True), blob.cards, settings, workers, warnings)


def _side(table: Mapping[str, CardValue], keyword: str) -> int:
    said = number(table.get(keyword))
    if said is None or said < 1 or said != int(said) or said > MAX_SIDE_PX:
        raise DecodeError(
            "unsupported",
            f"pixels without a header, and nothing tells their size ({keyword} is {said}): have the driver send FITS",
            {"keyword": keyword},
        )
    return int(said)


def _buffers(table: Mapping[str, CardValue]) -> list[int]:
    """Return how many pixels the driver's buffer may have: the region before binning, or the whole sensor."""
    boxes = (parse_section(str(table.get(keyword, ""))) for keyword in ("DETSEC", "DETSIZE"))
    return [box.area for box in boxes if box is not None]


def _layout(size: int, width: int, height: int, told: int, buffers: list[int]) -> tuple[int, int]:
    """Return planes and bits per pixel.

    The bytes are the frame as the driver tells, or a buffer of that depth whose beginning is the frame; else the frame
    exactly in another depth; else as told, with a few spare bytes.
    """
    bits = next((bits for bits in _STORED if bits >= told), max(_STORED))
    pixels = width * height
    spare = {
        planes: [size - planes * room * bits // 8 for room in (pixels, *buffers) if room >= pixels] for planes in (1, 3)
    }
    exact = [(planes, bits) for planes, left in spare.items() if 0 in left]
    otherwise = [(planes, other) for planes in (1, 3) for other in _STORED if size == planes * pixels * other // 8]
    roomy = [(planes, bits) for planes, left in spare.items() if any(0 < each <= SPARE_BYTES for each in left)]
    for found in (exact, otherwise, roomy):
        if found:
            return found[0]
    expected = pixels * bits // 8
    raise DecodeError(
        "truncated" if size < expected else "damaged",
        f"{size} bytes for {width} x {height} pixels of {told} bits, which take {expected}",
        {"bytes": size, "expected_bytes": expected, "width": width, "height": height, "bits": told},
    )
