"""What stands in a picture's file beside its pixels: target, subs, exposure and date as text, and that it is sRGB."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from indistack.fits_header import NUMBER
from indistack.system.harmless import harmless
from indistack.values.counted import counted
from indistack.values.frame import Card

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
"""Types of TIFF 6.0, section 2."""

DESCRIPTION, SOFTWARE, DATE, EXIF_IFD = 0x010E, 0x0131, 0x0132, 0x8769
EXPOSURE, ORIGINAL_DATE, IMAGE_NUMBER, COLOUR_SPACE = 0x829A, 0x9003, 0x9211, 0xA001
"""Tags of Exif 2.3; a colour space of 1 is sRGB."""

IMAGE_WIDTH, IMAGE_HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 0x0100, 0x0101, 0x0102, 0x0103, 0x0106
STRIP_AT, CHANNELS, ROWS_PER_STRIP, STRIP_BYTES = 0x0111, 0x0115, 0x0116, 0x0117
"""Tags of TIFF 6.0."""

IFD_AT = 8
"""Bytes before the first directory."""

TIFF = b"II*\0" + struct.pack("<I", IFD_AT)
"""How a little-endian TIFF begins."""

Entry = tuple[int, int, int, bytes]
"""Tag, type, count, value."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Facts of a stack as text, "" where they are not known.

    Attributes
    ----------
    target, program : str
        What is seen; what made the file.
    date : str
        UTC, start of the first sub, ``2026-10-14T17:30:00``.
    subs : int
        In the stack; 0 where that is not known.
    exposure_s : float
        Of all subs together; 0 where that is not known.
    method : str
        That made the stack.
    number : int
        Of the publication; 0 where it has none.
    """

    target: str
    program: str
    date: str
    subs: int
    exposure_s: float
    method: str = ""
    number: int = 0

    @property
    def description(self) -> str:
        """All in a line: ``M 27, 6 subs, 36 s, 2026-10-14T17:30:00``."""
        numbers = (counted(self.subs, "sub") if self.subs else "", f"{self.exposure_s:g} s" if self.exposure_s else "")
        return ", ".join(filter(None, (self.target, *numbers, self.date)))


def labels_of(cards: Sequence[Card]) -> Labels:
    """Return the facts that a FITS header tells."""
    facts = {keyword: harmless(value) if isinstance(value, str) else value for keyword, value, _ in cards}
    subs, exposure_s, number = facts.get("STACKCNT", 0), facts.get("LIVETIME", 0), facts.get(NUMBER, 0)
    return Labels(
        str(facts.get("OBJECT", "")).strip(),
        str(facts.get("CREATOR", "")).strip(),
        str(facts.get("DATE-OBS", "")).strip(),
        subs if isinstance(subs, int) else 0,
        float(exposure_s) if isinstance(exposure_s, int | float) else 0.0,
        str(facts.get("STACKMTD", "")).strip(),
        number if isinstance(number, int) else 0,
    )


def exif(labels: Labels) -> bytes:
    """Return an Exif segment for a JPEG file, with its marker and length."""
    block = exif_block(labels)
    return b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block


def exif_block(labels: Labels) -> bytes:
    """Return what an Exif segment or chunk holds: a TIFF of two directories."""
    date = _exif_date(labels.date)
    dates = [_text(ORIGINAL_DATE, date)] if date else []
    inner = [*dates, (COLOUR_SPACE, SHORT, 1, struct.pack("<HH", 1, 0))]
    if 0 < labels.exposure_s < 4e6:
        inner.insert(0, (EXPOSURE, RATIONAL, 1, struct.pack("<II", round(labels.exposure_s * 1000), 1000)))
    outer = _texts(labels)
    size = len(_directory([*outer, (EXIF_IFD, LONG, 1, bytes(4))], IFD_AT))
    outer.append((EXIF_IFD, LONG, 1, struct.pack("<I", IFD_AT + size)))
    return TIFF + _directory(outer, IFD_AT) + _directory(inner, IFD_AT + size)


def tiff_head(labels: Labels, shape: tuple[int, ...]) -> bytes:
    """Return all that stands before the pixels of a TIFF file: little-endian uint16, row after row, not compressed.

    Parameters
    ----------
    labels : Labels
        Facts of the stack.
    shape : tuple of int
        Of the pixels: ``(h, w)`` or ``(h, w, 3)``.
    """
    height, width, *colours = shape
    channels = colours[0] if colours else 1
    numbers = {IMAGE_WIDTH: width, IMAGE_HEIGHT: height, PHOTOMETRIC: 2 if colours else 1, CHANNELS: channels}
    numbers |= {COMPRESSION: 1, ROWS_PER_STRIP: height, STRIP_BYTES: 2 * channels * height * width, STRIP_AT: 0}
    bits = (BITS, SHORT, channels, struct.pack("<H", 16) * channels)

    def directory() -> bytes:
        fields = [(tag, LONG, 1, struct.pack("<I", number)) for tag, number in numbers.items()]
        return _directory(sorted([*fields, bits, *_texts(labels)]), IFD_AT)

    numbers[STRIP_AT] = IFD_AT + len(directory())
    return TIFF + directory()


def _texts(labels: Labels) -> list[Entry]:
    date = _exif_date(labels.date)
    dates = [_text(DATE, date)] if date else []
    return [_text(DESCRIPTION, labels.description), _text(SOFTWARE, labels.program), *dates]


def png_chunks(labels: Labels) -> bytes:
    """Return chunks for a PNG file, to stand after its header: sRGB, and a text for each fact."""
    texts = {"Title": labels.target, "Description": labels.description, "Software": labels.program}
    texts["Creation Time"] = labels.date
    texts["Publication"] = str(labels.number or "")
    known = [png_chunk(b"tEXt", f"{key}\0".encode() + _latin(text)) for key, text in texts.items() if text]
    return png_chunk(b"sRGB", b"\0") + b"".join(known)


def _exif_date(date: str) -> str:
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)", date)
    return f"{found[1]}:{found[2]}:{found[3]} {found[4]}" if found else ""


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _text(tag: int, text: str) -> Entry:
    value = text.encode("ascii", "replace") + b"\0"
    return tag, ASCII, len(value), value


def _directory(entries: Sequence[Entry], at: int) -> bytes:
    """Return an image file directory that begins at an offset, with the values that are longer than four bytes."""
    table, values = struct.pack("<H", len(entries)), b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", values_at + len(values))
            values += value + bytes(len(value) % 2)
        table += struct.pack("<HHI", tag, kind, count) + field
    return table + bytes(4) + values


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
