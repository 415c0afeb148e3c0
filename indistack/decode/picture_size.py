"""Parts of a JPEG or PNG: its size from the header alone, what else it carries, and whether the file is complete."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from indistack.decode.tiff import TIFF
from indistack.errors import DecodeError

__all__ = ["JPEG", "PNG", "TIFF", "PictureSize", "jpeg_segments", "picture_parts", "picture_size", "png_chunks"]

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Chunks of a PNG that make its pixels."""
MAX_PARTS = 100_000
MAX_SCANS = 40
"""Progressive JPEGs have about ten; each one takes time for all pixels, however few bytes it has."""

START_OF_SCAN, END_OF_IMAGE, ADOBE = 0xDA, 0xD9, 0xEE
INKS = 4
"""Channels of a JPEG for a printing press: cyan, magenta, yellow, black."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd7]")
"""What ends a scan; zero and restart markers belong to it."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """What a picture's header claims."""

    width: int
    height: int
    channels: int
    bytes_per_channel: int

    @property
    def pixel_bytes(self) -> int:
        """Memory that the decoded picture takes."""
        return self.width * self.height * self.channels * self.bytes_per_channel


def picture_size(data: memoryview) -> PictureSize:
    """Read a JPEG or PNG to its end, as far as its parts go.

    Raises
    ------
    DecodeError
        `truncated`: the file ends early. `damaged`: its parts make no sense. `unsupported`: no camera's picture.
    """
    try:
        return _png(data) if bytes(data[:8]) == PNG else _jpeg(data)
    except (struct.error, IndexError) as error:
        raise DecodeError("truncated", f"{len(data)} bytes end within the header", {"bytes": len(data)}) from error


def png_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield name and content of each chunk, the last one too (IEND).

    Raises
    ------
    DecodeError
        `truncated`, or `damaged`: too many. Checksums are the decoder's to check.
    struct.error
        The file ends early.
    """
    at = len(PNG)
    for _ in range(MAX_PARTS):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise DecodeError("truncated", f"{len(data)} bytes, a chunk ends at {end}", {"bytes": len(data)})
        yield name, data[at + 8 : end - 4]
        if name == b"IEND":
            return
        at = end
    raise DecodeError("damaged", f"more than {MAX_PARTS} chunks", {"bytes": len(data)})


def picture_parts(data: memoryview) -> Iterator[memoryview]:
    """Yield what a decoder needs of a PNG: in texts, profiles and further pictures are bombs of their own."""
    yield data[: len(PNG)]
    at = len(PNG)
    for name, body in png_chunks(data):
        end = at + 12 + len(body)
        if name in NEEDED:
            yield data[at:end]
        at = end


def _png(data: memoryview) -> PictureSize:
    chunks = list(png_chunks(data))
    name, header = chunks[0]
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if name != b"IHDR" or not width or not height:
        raise DecodeError("damaged", "a PNG without a size at its begin (IHDR)", {"bytes": len(data)})
    return PictureSize(width, height, {0: 1, 2: 3, 3: 3, 4: 2}.get(colour, 4), 2 if depth == 16 else 1)


def jpeg_segments(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield marker and content of each segment up to the end of the picture; scans are stepped over.

    Raises
    ------
    DecodeError
        `truncated`: a scan has no end; the decoder would fill the rest with grey. `damaged`: no marker where one must
        be.
    struct.error, IndexError
        The file ends early.
    """
    at = 2
    for _ in range(MAX_PARTS):
        mark, kind = data[at], data[at + 1]
        if mark != 0xFF or (kind < 0xC0 and kind not in _ALONE):
            raise DecodeError("damaged", f"no JPEG marker at byte {at}", {"bytes": len(data), "byte": at})
        if kind in (0xFF, *_ALONE):
            at += 1 if kind == 0xFF else 2
            continue
        if kind == END_OF_IMAGE:
            yield kind, data[at + 2 : at + 2]
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield kind, data[at + 4 : at + 2 + length]
        at = at + 2 + length if kind != START_OF_SCAN else _after_scan(data, at + 2 + length)
    raise DecodeError("damaged", f"more than {MAX_PARTS} segments", {"bytes": len(data)})


def _after_scan(data: memoryview, at: int) -> int:
    marker = _MARKER.search(data, at)
    if marker is None:
        raise DecodeError("truncated", f"no end of picture in {len(data)} bytes", {"bytes": len(data)})
    return marker.start()


def _jpeg(data: memoryview) -> PictureSize:
    size, scans, has_inks = None, 0, False
    for kind, body in jpeg_segments(data):
        scans += kind == START_OF_SCAN
        has_inks |= kind == ADOBE and bytes(body[:5]) == b"Adobe"
        if kind in _FRAMES and size is None:
            size = _frame_size(body)
    if size is None or not size.pixel_bytes or not 1 <= scans <= MAX_SCANS:
        raise DecodeError("damaged", f"a JPEG with {scans} scans", {"bytes": len(data), "scans": scans})
    if size.channels == INKS and not has_inks:
        said = "a JPEG of four inks that does not tell whether they are inverted (no Adobe segment)"
        raise DecodeError("unsupported", said, {"channels": INKS})
    return size


def _frame_size(body: memoryview) -> PictureSize:
    """Return what the header of a JPEG's frame claims: grey, three colours, or cyan, magenta, yellow and black."""
    bits, height, width, channels = struct.unpack_from(">BHHB", body)
    if bits != 8 or channels not in (1, 3, INKS):
        raise DecodeError(
            "unsupported",
            f"a JPEG of {channels} colours in {bits} bits, not 1, 3 or {INKS} in 8 bits",
            {"channels": channels, "bits": bits},
        )
    return PictureSize(width, height, channels, 1)
