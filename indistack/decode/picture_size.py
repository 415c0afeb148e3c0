"""Size of a JPEG, PNG or TIFF from its header alone, and whether the file is complete."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from indistack.errors import DecodeError

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
TIFF = (b"II*\0", b"MM\0*")
_TIFF_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4}
_TIFF_CODE = {1: "B", 3: "H", 4: "I"}
MAX_TAGS = 4096


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
    while True:  # a chunk is length, name, data, checksum
        length, name = struct.unpack(">I4s", data[at : at + 8])
        at += 12 + length
        if at > len(data):
            raise DecodeError("truncated", f"{len(data)} bytes, a chunk ends at {at}", {"bytes": len(data)})
        if name == b"IEND":
            break
    return PictureSize(width, height, {0: 1, 2: 3, 3: 3, 4: 2}.get(colour, 4), 2 if depth == 16 else 1)


def _jpeg(data: memoryview) -> PictureSize:
    at, size = 2, None
    while True:
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


def tiff_tags(data: memoryview) -> dict[int, tuple[int, ...]]:
    """Return the short and long tags of a TIFF's first directory, at most 8192 values each.

    Raises
    ------
    struct.error
        The file ends within the directory.
    """
    order = "<" if bytes(data[:2]) == b"II" else ">"
    (start,) = struct.unpack(order + "I", data[4:8])
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    tags = {}
    for number in range(min(count, MAX_TAGS)):
        entry = data[start + 2 + 12 * number : start + 14 + 12 * number]
        tag, kind, values, offset = struct.unpack(order + "HHII", entry)
        code = _TIFF_CODE.get(kind)
        if code is None or values > 8192:
            tags[tag] = ()
            continue
        size = values * _TIFF_BYTES[kind]
        raw = entry[8 : 8 + size] if size <= 4 else data[offset : offset + size]
        tags[tag] = struct.unpack(f"{order}{values}{code}", raw)
    return tags


def _tiff(data: memoryview) -> PictureSize:
    tags = tiff_tags(data)
    width, height = (tags.get(tag, ()) for tag in (256, 257))
    if not width or not height:
        raise DecodeError("damaged", "a TIFF without width and height", {"bytes": len(data)})
    channels = (tags.get(277) or (1,))[0]
    bits = max(tags.get(258) or (1,))
    for offsets, lengths in ((273, 279), (324, 325)):
        for offset, length in zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False):
            if offset + length > len(data):
                raise DecodeError(
                    "truncated", f"{len(data)} bytes, pixels end at {offset + length}",
                    {"bytes": len(data), "expected_bytes": offset + length},
                )  # fmt: skip
    return PictureSize(width[0], height[0], max(channels, 3 if tags.get(262) == (3,) else 1), -(-bits // 8))
