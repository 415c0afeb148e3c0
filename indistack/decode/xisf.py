"""XISF files in one piece (PixInsight, N.I.N.A., libindi from 1.9.8): integers and floats, plain or compressed."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from indistack.decode.assemble import assemble
from indistack.decode.base import DECODERS, DecodeSettings, require_ratio, require_size
from indistack.decode.beginnings import beginning
from indistack.decode.pixels import Scaling, native_image
from indistack.decode.xisf_header import MAX_HEADER_BYTES, XisfImage, first_image
from indistack.errors import DecodeError
from indistack.system.blame import library
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import PixelArray, RawFrame

SIGNATURE = b"XISF0100"
PREFIX_BYTES = 16
MAX_CHANNELS = 4

_FORMATS = {"UInt8": "u1", "UInt16": "u2", "UInt32": "u4", "Float32": "f4", "Float64": "f8"}
_GEOMETRY = re.compile(r"(\d{1,9}):(\d{1,9}):(\d{1,4})")
_ATTACHMENT = re.compile(r"attachment:(\d{1,18}):(\d{1,18})")
_COMPRESSION = re.compile(r"(zlib|lz4|lz4hc|zstd)(\+sh)?:(\d{1,18})(?::(\d{1,2}))?")


@DECODERS.register("xisf")
class XisfDecoder:
    """XISF, its first image."""

    suffixes: ClassVar[frozenset[str]] = frozenset((".xisf",))

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:  # noqa: ARG004
        """The signature of version 1.0."""
        return head.startswith(SIGNATURE)

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:
        """Read the frame; all sizes that the header claims are checked before memory is taken for them."""
        file = memoryview(blob.data).cast("B")
        image = first_image(_header(file))
        layout = _layout(image.attributes)
        require_size(layout.width, layout.height, settings)
        data = _uncompressed(*_block(image, file), layout)
        stored = np.frombuffer(data, layout.dtype, layout.samples).reshape(layout.shape)
        pixels = native_image(_without_alpha(stored, layout), Scaling(), workers, planar=layout.planar)
        return assemble(pixels, image.all_cards(), settings, workers, real=layout.dtype.kind == "f")


class _SampleLayout(NamedTuple):
    """How the samples of an image lie in its data block."""

    width: int
    height: int
    channels: int
    planar: bool
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Planar: channel, row, column; normal: row, column, channel."""
        sides = (self.height, self.width)
        return (self.channels, *sides) if self.planar else (*sides, self.channels)

    @property
    def samples(self) -> int:
        return self.width * self.height * self.channels

    @property
    def size_bytes(self) -> int:
        return self.samples * self.dtype.itemsize


def _header(file: memoryview) -> memoryview:
    """Return the XML header."""
    if len(file) < PREFIX_BYTES:
        raise DecodeError("truncated", f"only {len(file)} bytes", {"bytes": len(file)})
    if bytes(file[:8]) != SIGNATURE:
        raise DecodeError("not_a_frame", f"{beginning(bytes(file[:32]))}: no XISF file", {"bytes": len(file)})
    size = int.from_bytes(file[8:12], "little")
    if size > MAX_HEADER_BYTES:
        raise DecodeError("too_large", f"a header of {size} bytes", {"header_bytes": size})
    if PREFIX_BYTES + size > len(file):
        raise _truncated(len(file), PREFIX_BYTES + size)
    return file[PREFIX_BYTES : PREFIX_BYTES + size]


def _truncated(size: int, expected: int) -> DecodeError:
    numbers = {"bytes": size, "expected_bytes": expected}
    return DecodeError("truncated", f"{size} bytes, the header tells of {expected}", numbers)


def _unsupported(attributes: Mapping[str, str], name: str) -> DecodeError:
    said = attributes.get(name, "")[:80]
    return DecodeError("unsupported", f"XISF image with {name} = {said!r}", {name: said})


def _layout(attributes: Mapping[str, str]) -> _SampleLayout:
    found = _GEOMETRY.fullmatch(attributes.get("geometry", ""))
    if found is None or "0" in found.groups():
        raise _unsupported(attributes, "geometry")
    width, height, channels = map(int, found.groups())
    if channels > MAX_CHANNELS:
        raise _unsupported(attributes, "geometry")
    stored = _FORMATS.get(attributes.get("sampleFormat", ""))
    if stored is None:
        raise _unsupported(attributes, "sampleFormat")
    if attributes.get("colorSpace", "Gray") not in ("Gray", "RGB"):
        raise _unsupported(attributes, "colorSpace")
    planar = attributes.get("pixelStorage", "Planar").lower() == "planar"
    order = ">" if attributes.get("byteOrder", "little") == "big" else "<"
    return _SampleLayout(width, height, channels, planar, np.dtype(order + stored))


def _block(image: XisfImage, file: memoryview) -> tuple[memoryview, Mapping[str, str]]:
    """Return the data block of the pixels as stored, and the attributes that tell how."""
    location = image.attributes.get("location", "")
    attached = _ATTACHMENT.fullmatch(location)
    if attached is not None:
        start, size = map(int, attached.groups())
        if start + size > len(file):
            raise _truncated(len(file), start + size)
        return file[start : start + size], image.attributes
    attributes = image.data if location == "embedded" else image.attributes
    encoding = image.data.get("encoding") if location == "embedded" else location.removeprefix("inline:")
    if encoding not in ("base64", "hex"):
        raise _unsupported(image.attributes, "location")
    text = re.sub(r"\s", "", "".join(image.text))
    try:
        data = base64.b64decode(text, validate=True) if encoding == "base64" else bytes.fromhex(text)
    except ValueError as error:
        raise DecodeError("damaged", f"XISF pixels: {error}", {"bytes": len(text)}) from error
    return memoryview(data), attributes


def _uncompressed(block: memoryview, attributes: Mapping[str, str], layout: _SampleLayout) -> bytes | memoryview:
    """Return the samples of the image, unpacked where they are packed."""
    expected = layout.size_bytes
    said = attributes.get("compression")
    if said is None:
        if len(block) < expected:
            raise _truncated(len(block), expected)
        return block
    found = _COMPRESSION.fullmatch(said)
    if found is None or "subblocks" in attributes:
        raise _unsupported(attributes, "subblocks" if found else "compression")
    if int(found[3]) != expected:
        raise DecodeError("damaged", f"{found[3]} bytes for an image of {expected}", {"expected_bytes": expected})
    require_ratio(expected, len(block))
    data = _inflate(found[1], block, expected)
    if len(data) != expected:
        raise DecodeError("damaged", f"{len(data)} bytes, not {expected}", {"expected_bytes": expected})
    return _unshuffled(data, int(found[4] or 1)) if found[2] else data


def _inflate(codec: str, block: memoryview, expected: int) -> bytes:
    """Return `expected` bytes, or another number of them where the block holds that; never many more."""
    import lz4.block  # these two are rarely needed
    import zstandard

    with library(codec, len(block)):
        if codec == "zlib":
            unpack = zlib.decompressobj()
            data = unpack.decompress(block, expected)
            return data + unpack.decompress(unpack.unconsumed_tail, 1)  # one more byte, or the checksum
        if codec.startswith("lz4"):
            return bytes(lz4.block.decompress(block, uncompressed_size=expected))
        if zstandard.frame_content_size(block) > expected:  # it would be believed
            raise DecodeError("damaged", "zstd: more bytes than the image has", {"expected_bytes": expected})
        return bytes(zstandard.ZstdDecompressor().decompress(block, max_output_size=expected))


def _unshuffled(data: bytes, item_bytes: int) -> bytes | memoryview:
    """Undo byte shuffling: the first bytes of all items, then all second ones...; what is left over at the end."""
    count = len(data) // item_bytes if item_bytes > 1 else 0
    if not count:
        return data
    body = np.frombuffer(data, np.uint8, count * item_bytes).reshape(item_bytes, count)
    items = np.asarray(cv2.merge(list(body))).data.cast("B")
    rest = data[count * item_bytes :]
    return items if not rest else bytes(items) + rest


def _without_alpha(stored: PixelArray, layout: _SampleLayout) -> PixelArray:
    """Return one plane ``(h, w)``, or three as they are stored."""
    kept = 3 if layout.channels >= 3 else 1
    colours = stored[:kept] if layout.planar else stored[..., :kept]
    return colours if kept == 3 else colours.reshape(layout.height, layout.width)
