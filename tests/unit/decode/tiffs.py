"""Writes small TIFF and DNG files for tests, with whatever tags they need."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, LONG8 = 1, 2, 3, 4, 5, 7, 10, 16
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I", UNDEFINED: "B", LONG8: "Q"}
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SRATIONAL: 8, LONG8: 8}
KINDS = {"u": 1, "i": 2, "f": 3}

Value = Sequence[float] | str | bytes
Tags = Mapping[int, tuple[int, Value]]


def encode(order: str, kind: int, value: Value) -> bytes:
    if isinstance(value, str):
        return value.encode() + b"\0"
    if isinstance(value, bytes):
        return value
    if kind in (RATIONAL, SRATIONAL):
        return b"".join(struct.pack(order + "ii", round(number * 10_000), 10_000) for number in value)
    return struct.pack(f"{order}{len(value)}{LETTERS[kind]}", *value)


def directory(tags: Tags, at: int, order: str = "<", big: bool = False) -> bytes:
    """One directory that begins at the byte `at`, with its longer values behind it."""
    count, entry, room = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    behind = at + struct.calcsize("=" + count) + len(tags) * (struct.calcsize("=" + entry) + room) + room
    entries, values = b"", b""
    for tag, (kind, value) in sorted(tags.items()):
        raw = encode(order, kind, value)
        entries += struct.pack(order + entry, tag, kind, len(raw) // SIZES[kind])
        if len(raw) <= room:
            entries += raw.ljust(room, b"\0")
        else:
            entries += struct.pack(order + ("Q" if big else "I"), behind + len(values))
            values += raw
    return struct.pack(order + count, len(tags)) + entries + bytes(room) + values


def file_of(data: bytes, tags: Tags, exif: Tags | None = None, order: str = "<", big: bool = False) -> bytes:
    """Header, `data` from byte 16 on, the first directory, and the Exif directory if there is one."""
    at = 16 + len(data)
    all_tags = dict(tags) | ({34665: (LONG, [0])} if exif is not None else {})
    if exif is not None:
        all_tags[34665] = (LONG, [at + len(directory(all_tags, at, order, big))])
    mark = b"II" if order == "<" else b"MM"
    head = mark + (struct.pack(order + "HHHQ", 43, 8, 0, at) if big else struct.pack(order + "HI", 42, at))
    body = head.ljust(16, b"\0") + data + directory(all_tags, at, order, big)
    return body + (directory(exif, len(body), order, big) if exif is not None else b"")


def picture(pixels: Any, **more: Any) -> bytes:
    """A TIFF with one strip, whose pixels have the array's own type; see `tiff` for the options."""
    return tiff(pixels, [pixels], rows=len(pixels), **more)


def tiff(
    pixels: Any,
    pieces: Sequence[Any],
    rows: int,
    tags: Tags | None = None,
    exif: Tags | None = None,
    order: str = "<",
    big: bool = False,
    pack: Any = None,
    tile: int = 0,
) -> bytes:
    """A TIFF of these pixels that stands in the file as `pieces`, each packed by `pack` (bytes to bytes).

    `rows` is the height of a strip; `tile` the side of a square tile instead.
    """
    height, width = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    stored = [np.asarray(piece, piece.dtype.newbyteorder(order)).tobytes() for piece in pieces]
    packed = [pack(piece) for piece in stored] if pack else stored
    places = [16 + sum(map(len, packed[:index])) for index in range(len(packed))]
    own: dict[int, tuple[int, Value]] = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8 * pixels.dtype.itemsize] * samples),
        259: (SHORT, [1 if pack is None else 8]),
        262: (SHORT, [2 if samples >= 3 else 1]),
        277: (SHORT, [samples]),
        339: (SHORT, [KINDS[pixels.dtype.kind]] * samples),
        (324 if tile else 273): (LONG8 if big else LONG, places),
        (325 if tile else 279): (LONG, [len(piece) for piece in packed]),
    }
    own |= {322: (SHORT, [tile]), 323: (SHORT, [tile])} if tile else {278: (LONG, [rows])}
    return file_of(b"".join(packed), own | dict(tags or {}), exif, order, big)


def dng(pixels: Any, cfa: str = "", tags: Tags | None = None, exif: Tags | None = None) -> bytes:
    """A DNG: a mosaic where `cfa` names its colours, else linear: mono or RGB."""
    own: dict[int, tuple[int, Value]] = {
        262: (SHORT, [32803 if cfa else 34892]),
        50706: (BYTE, [1, 4, 0, 0]),
        50708: (ASCII, "Camera of the tests"),
        50721: (SRATIONAL, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
    }
    if cfa:
        own |= {33421: (SHORT, [2, 2]), 33422: (BYTE, ["RGB".index(letter) for letter in cfa])}
    return picture(pixels, tags=own | dict(tags or {}), exif=exif)


def deflate(piece: bytes) -> bytes:
    return zlib.compress(piece)
