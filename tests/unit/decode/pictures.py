"""Makes JPEG and PNG files with parts that OpenCV does not write, and catches refusals."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import pytest

from indistack.errors import DecodeError
from tests.unit.decode.files import read


def refusal(data: bytes, suffix: str = "", **settings: Any) -> DecodeError:
    """The error that these bytes are refused with."""
    with pytest.raises(DecodeError) as caught:
        read(data, suffix, **settings)
    return caught.value


def encoded(suffix: str, pixels: Any, *options: int) -> bytes:
    """The pixels, grey or BGR, as OpenCV writes them."""
    return bytes(cv2.imencode(suffix, pixels, options)[1])


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(plain: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return plain[:33] + chunk(name, body) + plain[33:]


def jpeg_with(plain: bytes, block: bytes, marker: int = 0xE1) -> bytes:
    """A JPEG with one more segment at its begin; Exif when the marker is that of APP1."""
    body = b"Exif\0\0" + block if marker == 0xE1 else block
    return plain[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + plain[2:]
