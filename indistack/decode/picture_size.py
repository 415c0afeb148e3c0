"""Size of a JPEG, PNG or TIFF from its header alone, and whether the file is complete."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from indistack.errors import DecodeError

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
TIFF = (b"II*\0", b"MM\0*")
_TIFF_TYPES = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4)}
_TIFF_WANTED = (256, 257, 258, 262, 273, 277, 279, 324, 325)
MAX_TAGS, MAX_VALUES = 4096, 100_000
MAX_CHUNKS, MAX_SEGMENTS = 1_000_000, 10_000


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
    """Read the header.

    Raises
    ------
    DecodeError
        `truncated`: the file ends early. `damaged`: its header makes no sense.
    """
    head = bytes(data[:8])
    try:
        if head == PNG:
            return _png(data)
        return _jpeg(data) if head.startswith(JPEG) else _tiff(data)
    except (struct.error, IndexError) as error:
        raise DecodeError("truncated", f"the header ends after {len(data)} bytes", {"bytes": len(data)}) from error


def _png(data: memoryview) -> PictureSize:
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    at = 8
    for _ in range(MAX_CHUNKS):  # a chunk is length, name, data, checksum
        length, name = struct.unpack(">I4s", data[at : at + 8])
        at += 12 + length
        if at > len(data):
            raise DecodeError("truncated", f"{len(data)} bytes, a chunk ends at {at}", {"bytes": len(data)})
        if name == b"IEND":
            return PictureSize(width, height, {0: 1, 2: 3, 3: 3, 4: 2}.get(colour, 4), 2 if depth == 16 else 1)
    raise DecodeError("damaged", f"more than {MAX_CHUNKS} chunks", {"bytes": len(data)})


def _jpeg(data: memoryview) -> PictureSize:
    at, size = 2, None
    for _ in range(MAX_SEGMENTS):
        marker, kind = data[at], data[at + 1]
        if marker != 0xFF:
            raise DecodeError("damaged", f"no JPEG marker at byte {at}", {"bytes": len(data)})
        if kind == 0xFF or 0xD0 <= kind <= 0xD8 or kind == 0x01:
            at += 1 if kind == 0xFF else 2
            continue
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width, channels = struct.unpack(">HHB", data[at + 5 : at + 10])
            size = PictureSize(width, height, channels, 1)
        if kind in (0xDA, 0xD9):
            break
        at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    if size is None:
        raise DecodeError("damaged", "a JPEG without a picture", {"bytes": len(data)})
    if bytes(data[at:]).rfind(b"\xff\xd9") < 0:  # the decoder would fill the rest with grey
        raise DecodeError("truncated", f"no end of picture in {len(data)} bytes", {"bytes": len(data)})
    return size


def tiff_entries(data: memoryview) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield tag, type, count and the four value bytes of a TIFF's first directory.

    Raises
    ------
    struct.error
        The file ends within the directory.
    """
    order = _order(data)
    (start,) = struct.unpack(order + "I", data[4:8])
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    for at in range(start + 2, start + 2 + 12 * min(count, MAX_TAGS), 12):
        tag, kind, values = struct.unpack(order + "HHI", data[at : at + 8])
        (value,) = struct.unpack("4s", data[at + 8 : at + 12])
        yield tag, kind, values, value


def _order(data: memoryview) -> str:
    return "<" if bytes(data[:2]) == b"II" else ">"


def _tiff_tags(data: memoryview) -> dict[int, tuple[int, ...]]:
    """Return the whole-number tags that tell size and place of the pixels."""
    order = _order(data)
    tags: dict[int, tuple[int, ...]] = {}
    for tag, kind, values, value in tiff_entries(data):
        code, size = _TIFF_TYPES.get(kind, ("", 0))
        if tag not in _TIFF_WANTED or not code or values > MAX_VALUES:
            continue
        (offset,) = struct.unpack(order + "I", value)
        raw = value[: values * size] if values * size <= 4 else data[offset : offset + values * size]
        tags[tag] = struct.unpack(f"{order}{values}{code}", raw)
    return tags


def _tiff(data: memoryview) -> PictureSize:
    tags = _tiff_tags(data)
    width, height = (tags.get(tag, ()) for tag in (256, 257))
    if not width or not height:
        raise DecodeError("damaged", "a TIFF without width and height", {"bytes": len(data)})
    for offsets, lengths in ((273, 279), (324, 325)):
        pieces = zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
        end = max((offset + length for offset, length in pieces), default=0)
        if end > len(data):
            raise DecodeError(
                "truncated",
                f"{len(data)} bytes, pixels end at {end}",
                {"bytes": len(data), "expected_bytes": end},
            )
    channels = max((tags.get(277) or (1,))[0], 3 if tags.get(262) == (3,) else 1)  # a palette becomes RGB
    return PictureSize(width[0], height[0], channels, -(-max(tags.get(258) or (1,)) // 8))
