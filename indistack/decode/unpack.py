"""Bytes of a file, plain or deflated, given out only as far as somebody asks."""

from __future__ import annotations

import zlib
from typing import Protocol

from indistack.decode.base import require_ratio
from indistack.errors import DecodeError
from indistack.system.blame import library

GZIP = b"\x1f\x8b"
LZW = b"\x1f\x9d"
_CHUNK = 1 << 16
MAX_MEMBERS = 20_000
"""Of a gzip file: bgzip makes one for each 64 kB. Empty ones take time and give nothing."""


class FileBytes(Protocol):
    """Random access to the start of a file; short answers mean that the file ends there."""

    compressed: bool

    def view(self, start: int, stop: int) -> memoryview:
        """Return the bytes from `start` to `stop`, fewer at the end of the file; valid until the next call."""


class Plain:
    """A file as it is."""

    compressed = False

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data).cast("B")

    def view(self, start: int, stop: int) -> memoryview:
        """Return the bytes from `start` to `stop`."""
        return self._data[start:stop]


class Inflated:
    """A gzip or zlib file, inflated step by step; several gzip members count as one file."""

    compressed = True

    def __init__(self, data: bytes | memoryview) -> None:
        self._packed = memoryview(data).cast("B")
        self._wbits = 31 if bytes(self._packed[:2]) == GZIP else 15
        self._inflate = zlib.decompressobj(self._wbits)
        self._position = 0
        self._members = 1
        self._done = bytearray()

    def view(self, start: int, stop: int) -> memoryview:
        """Return the bytes from `start` to `stop`."""
        require_ratio(stop, len(self._packed))
        while (missing := stop - len(self._done)) > 0 and (piece := self._next(min(_CHUNK, missing))):
            try:
                self._done += piece
            except BufferError:  # somebody still looks at what was given out
                self._done = self._done + piece
        return memoryview(self._done)[start:stop]

    def _next(self, limit: int) -> bytes:
        while not self._inflate.eof or self._another_member():
            packed = self._inflate.unconsumed_tail
            if not packed:
                packed = bytes(self._packed[self._position : self._position + _CHUNK])
                self._position += len(packed)
            with library("cannot be inflated", len(self._packed)):
                piece = self._inflate.decompress(packed, limit)
            if piece or not packed:
                return piece
        return b""

    def _another_member(self) -> bool:
        rest = self._inflate.unused_data
        if self._wbits != 31 or not rest.startswith(GZIP):
            return False
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise DecodeError("damaged", f"more than {MAX_MEMBERS} gzip members", {"bytes": len(self._packed)})
        self._position -= len(rest)
        self._inflate = zlib.decompressobj(self._wbits)
        return True


def open_source(data: bytes | memoryview) -> FileBytes:
    """Return access to a FITS file's bytes, inflated where they are gzip or zlib.

    Raises
    ------
    DecodeError
        `unsupported` for the old compress(1) format.
    """
    head = bytes(memoryview(data).cast("B")[:2])
    if head == LZW:
        raise DecodeError("unsupported", "compress (.Z, LZW) files cannot be read", {"bytes": len(data)})
    if head == GZIP or is_zlib(head):
        return Inflated(data)
    return Plain(data)


def is_zlib(head: bytes) -> bool:
    """Return whether a file begins as a zlib stream does."""
    return len(head) >= 2 and head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and (head[0] * 256 + head[1]) % 31 == 0
