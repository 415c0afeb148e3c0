"""Directories of a TIFF, and of the raw files and Exif blocks that are built like one: tags and their values."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from indistack.system.harmless import harmless

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Marks of TIFF and BigTIFF, little and big-endian."""

TIFF_LIKE = (*TIFF, b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
"""Also Olympus and Panasonic, whose raw files differ in the mark alone."""

MAX_TAGS, MAX_VALUES = 4096, 1_000_000

_TYPES = {
    1: "B", 2: "B", 3: "H", 4: "I", 5: "2I", 6: "b", 7: "B", 8: "h", 9: "i", 10: "2i", 11: "f", 12: "d", 13: "I",
    16: "Q", 17: "q", 18: "Q",
}  # fmt: skip


class _Field(NamedTuple):
    """Type and number of a tag's values, and the byte where they begin."""

    kind: str
    values: int
    at: int


class Directory:
    """One directory of a TIFF.

    Parameters
    ----------
    data : memoryview
        The whole file: offsets count from its begin.
    at : int, optional
        Where the directory begins; without, it is the first one.

    Raises
    ------
    struct.error
        The file ends within the directory.
    """

    def __init__(self, data: memoryview, at: int | None = None) -> None:
        self._data = data
        self.order = "<" if bytes(data[:2]) == b"II" else ">"
        big = bytes(data[2:4]) in (b"+\0", b"\0+")
        word, room = ("Q", 8) if big else ("I", 4)
        start = self._unpack(word, 8 if big else 4)[0] if at is None else at
        (count,) = self._unpack("Q" if big else "H", start)
        first, size = start + (8 if big else 2), 12 + 2 * (room - 4)
        self._fields: dict[int, _Field] = {}
        for place in range(first, first + size * min(count, MAX_TAGS), size):
            tag, code, values, value = self._unpack("HH" + 2 * word, place)
            kind = _TYPES.get(code, "B")
            fits = values * struct.calcsize("=" + kind) <= room
            self._fields.setdefault(tag, _Field(kind, values, place + size - room if fits else value))

    def __contains__(self, tag: int) -> bool:
        return tag in self._fields

    def place(self, tag: int) -> int | None:
        """Return where a tag's values begin; None without the tag."""
        return self._fields[tag].at if tag in self._fields else None

    def numbers(self, tag: int) -> tuple[float, ...]:
        """Return a tag's values, whole ones as int; () without the tag.

        Raises
        ------
        struct.error
            They lie beyond the end of the file.
        """
        field = self._fields.get(tag)
        if field is None:
            return ()
        if field.values > MAX_VALUES:
            raise struct.error(f"{field.values} values of tag {tag}")
        if field.kind[0] != "2":
            return self._unpack(f"{field.values}{field.kind}", field.at)
        values = self._unpack(f"{2 * field.values}{field.kind[1]}", field.at)
        return tuple(
            upper / lower if lower else float("nan")
            for upper, lower in zip(values[::2], values[1::2], strict=True)
        )  # fmt: skip

    def whole(self, tag: int, default: int = 0) -> int:
        """Return a tag's first value as a whole number."""
        values = self.numbers(tag)
        return int(values[0]) if values and math.isfinite(values[0]) else default

    def text(self, tag: int) -> str:
        """Return a tag's text up to its first zero byte; "" without the tag."""
        field = self._fields.get(tag)
        if field is None:
            return ""
        raw = bytes(self._data[field.at : field.at + min(field.values, MAX_TAGS)])
        return harmless(raw.split(b"\0")[0].decode("utf-8", "replace").strip())

    def _unpack(self, kind: str, at: int) -> tuple[int, ...]:
        if at > len(self._data):  # beyond what Python takes for an offset, perhaps
            raise struct.error(f"byte {at} of {len(self._data)}")
        return struct.unpack_from(self.order + kind, self._data, at)
