"""Cuts tiles out of a large JPEG without decoding it: what stands between two restart markers stands for itself."""

from __future__ import annotations

import os
import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

TILE_PX = 512
"""About the side of a tile: whole distances between markers across, whole blocks down."""

SOI, EOI, SOS, DRI = b"\xff\xd8", b"\xff\xd9", 0xDA, 0xDD
BASELINE, TABLES = 0xC0, (0xC4, 0xDB)
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
"""A byte 0xff of the picture itself is always followed by 0."""

MAX_HEAD_BYTES = 256_000
MAX_BYTES = 100_000_000
"""A sharp picture of 100 MP has 40 MB."""
MAX_PARTS = 1_000_000
"""Each of them takes 8 bytes of memory; 60 MP have 9,000, and 240,000 where the marker follows each block."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a JPEG says before its picture begins.

    Attributes
    ----------
    width, height : int
        Of the picture, px.
    block_px : tuple of int
        Width and height of the smallest part that is coded on its own.
    restart : int
        Such parts between two markers; 0: there are none.
    tables, frame, scan : bytes
        The segments that a tile needs, too.
    n_bytes : int
        Where the picture begins.
    """

    width: int
    height: int
    block_px: tuple[int, int]
    restart: int
    tables: bytes
    frame: bytes
    scan: bytes
    n_bytes: int

    @property
    def blocks(self) -> tuple[int, int]:
        """Blocks across and down."""
        return -(-self.width // self.block_px[0]), -(-self.height // self.block_px[1])

    @property
    def can_be_cut(self) -> bool:
        """Whether every row of blocks begins with a marker."""
        return self.restart > 0 and self.blocks[0] % self.restart == 0

    @property
    def tile_px(self) -> tuple[int, int]:
        """Width and height of a tile."""
        across, down = self.restart * self.block_px[0], self.block_px[1]
        return max(TILE_PX // across, 1) * across, max(TILE_PX // down, 1) * down

    def of_size(self, width: int, height: int) -> bytes:
        """Return the same head for a part of the picture."""
        frame = self.frame[:5] + struct.pack(">HH", height, width) + self.frame[9:]
        interval = struct.pack(">BBHH", 0xFF, DRI, 4, self.restart)
        return SOI + self.tables + frame + interval + self.scan


def read_head(data: bytes) -> Head:
    """Read the beginning of a file.

    Parameters
    ----------
    data : bytes
        As much of it as `MAX_HEAD_BYTES`, whatever it holds.

    Raises
    ------
    ValueError
        It is no baseline JPEG, or its picture begins later.
    """
    if not data.startswith(SOI):
        raise ValueError("no JPEG")
    head, tables = Head(0, 0, (8, 8), 0, b"", b"", b"", 0), []
    for kind, segment, end in _segments(data):
        if kind in TABLES:
            tables.append(segment)
        elif kind == DRI and len(segment) == 6:
            head = replace(head, restart=int.from_bytes(segment[4:6]))
        elif kind == BASELINE:
            head = _with_frame(head, segment)
        elif kind == SOS:
            if not (head.width and head.height):
                break
            return replace(head, tables=b"".join(tables), scan=segment, n_bytes=end)
    raise ValueError("no baseline JPEG")


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield kind, bytes and end of what stands before the picture, and of what introduces it."""
    at = len(SOI)
    while at + 4 <= len(data) and data[at] == 0xFF:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end > len(data):
            return
        yield data[at + 1], data[at:end], end
        at = end


def _with_frame(head: Head, segment: bytes) -> Head:
    """Take in the size of the picture, and of its blocks: a picture of one plane has the smallest whatever it says."""
    if len(segment) < 10 or len(segment) < 10 + 3 * segment[9] or not segment[9]:
        raise ValueError("its frame is cut off")
    height, width = struct.unpack(">HH", segment[5:9])
    factors = [segment[11 + 3 * plane] for plane in range(segment[9])]
    across, down = (max(each >> 4 for each in factors), max(each & 15 for each in factors)) if factors[1:] else (1, 1)
    return replace(head, width=width, height=height, block_px=(8 * across or 8, 8 * down or 8), frame=segment)


class JpegTiles:
    """A file that is held open, so that it can be cut for as long as somebody looks at it.

    Parameters
    ----------
    handle : int
        The file; closed here, in the end.

    Raises
    ------
    ValueError, OSError
        It cannot be cut.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        try:
            self.head = read_head(os.pread(handle, MAX_HEAD_BYTES, 0))
            self._starts = self._found()
        except BaseException:
            self.close()
            raise

    def _found(self) -> array[int]:
        """Return where the part after each marker begins, and the end."""
        across, down = self.head.blocks
        n_parts = across * down // self.head.restart if self.head.can_be_cut else 0
        if not 0 < n_parts <= MAX_PARTS:
            raise ValueError("it cannot be cut")
        n_bytes = os.fstat(self._handle).st_size
        if n_bytes > MAX_BYTES:
            raise ValueError("it is too large")
        data = os.pread(self._handle, n_bytes, 0)
        starts = array("Q", [self.head.n_bytes])
        for found in RESTART.finditer(data, self.head.n_bytes):
            if len(starts) == n_parts:
                raise ValueError("it has more parts than its size tells")
            starts.append(found.end())
        end = data.rfind(EOI)
        if len(starts) != n_parts or end < starts[-1]:
            raise ValueError("it has fewer parts than its size tells")
        starts.append(end + len(EOI))
        return starts

    def tile(self, column: int, row: int) -> bytes:
        """Return a tile as a JPEG of its own, those at the right and lower edges smaller; b"" where there is none."""
        head, (width, height) = self.head, self.head.tile_px
        left, top = column * width, row * height
        if min(column, row) < 0 or left >= head.width or top >= head.height:
            return b""
        width, height = min(width, head.width - left), min(height, head.height - top)
        part_px = head.restart * head.block_px[0]
        parts = [
            part
            for line in range(top // head.block_px[1], -(-(top + height) // head.block_px[1]))
            for part in self._line(line, left // part_px, -(-(left + width) // part_px))
        ]
        cut = (bytes((0xFF, 0xD0 + number % 8)) + part for number, part in enumerate(parts[1:]))
        return b"".join((head.of_size(width, height), parts[0], *cut, EOI))

    def _line(self, line: int, first: int, last: int) -> list[bytes]:
        """Return the parts of one row of blocks from one to before another, without their markers."""
        begin = line * (self.head.blocks[0] // self.head.restart) + first
        starts = self._starts[begin : begin + last - first + 1]
        data = os.pread(self._handle, starts[-1] - starts[0], starts[0])
        return [data[start - starts[0] : end - starts[0] - 2] for start, end in pairwise(starts)]

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __del__(self) -> None:
        self.close()
