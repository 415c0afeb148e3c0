"""JPEG, PNG and TIFF frames, made here with OpenCV."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.decode import DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.frame import Blob, RawFrame

DATA = Path(__file__).parents[3].parent / "shared" / "data"
RGB = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def read(data: bytes, suffix: str = "", **settings: Any) -> RawFrame:
    return decode(Blob(data, suffix, "camera", "here", datetime(2026, 1, 1, tzinfo=UTC)), DecodeSettings(**settings))


def encoded(suffix: str, pixels: Any) -> bytes:
    return bytes(cv2.imencode(suffix, pixels)[1])


def reason(data: bytes, suffix: str = "") -> str:
    with pytest.raises(DecodeError) as caught:
        read(data, suffix)
    return caught.value.reason


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257)])
def test_lossless_colour_comes_back_in_rgb_order(suffix: str, scale: Any) -> None:
    rgb = RGB.astype(scale.dtype) * scale
    frame = read(encoded(suffix, rgb[..., ::-1]))
    np.testing.assert_array_equal(frame.pixels, rgb)
    assert frame.cfa is None
    assert frame.info.saturation_adu == (255 if scale == 1 else 65535)
    assert frame.info.linear


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_grey_is_mono(suffix: str) -> None:
    frame = read(encoded(suffix, RGB[..., 0]))
    assert frame.pixels.shape == (20, 30)
    assert frame.channels == 1


def test_float_tiff_and_alpha() -> None:
    values = RGB[..., 0].astype(np.float32) / 7
    np.testing.assert_array_equal(read(encoded(".tif", values)).pixels, values)
    alpha = np.dstack([RGB[..., ::-1], np.full((20, 30), 9, np.uint8)])
    np.testing.assert_array_equal(read(encoded(".png", alpha)).pixels, RGB)


def test_jpeg_is_not_linear_and_keeps_its_pixel_grid() -> None:
    plain = encoded(".jpg", RGB)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    frame = read(turned)
    assert not frame.info.linear
    np.testing.assert_array_equal(frame.pixels, read(plain).pixels)


def test_content_goes_before_suffix() -> None:
    assert read(encoded(".png", RGB), ".fits").pixels.shape == (20, 30, 3)


def test_a_grey_picture_may_be_a_mosaic() -> None:
    assert read(encoded(".png", RGB[..., 0]), bayer="GRBG").cfa == "GRBG"
    assert read(encoded(".png", RGB), bayer="GRBG").cfa is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_every_truncation_is_refused(suffix: str) -> None:
    data = encoded(suffix, RGB[:6, :6])
    for length in range(1, len(data) - 12, 7):
        assert reason(data[:length], suffix) in ("truncated", "damaged", "not_a_frame")


def test_a_picture_of_one_value_is_refused() -> None:
    assert reason(encoded(".png", np.zeros((20, 30), np.uint8))) == "constant"


def test_a_bomb_is_refused_from_its_header() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    def png(width: int, height: int) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")

    assert reason(png(100_000, 100_000)) == "too_large"
    assert reason(png(10_000, 10_000)) == "too_large"  # within the limit, but 600 MB cannot hide in 100 bytes


def test_text_with_a_pictures_name() -> None:
    assert reason(b"not a picture", ".png") == "not_a_frame"
    assert reason(b"\x89PNG\r\n\x1a\n", ".png") == "truncated"


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real frames is not here")
def test_real_jpegs() -> None:
    for path in sorted((DATA / "m44_altaz_jpeg").glob("*.jpeg")):
        frame = read(path.read_bytes())
        assert (frame.pixels.shape, frame.pixels.dtype, frame.info.linear) == ((976, 1304, 3), np.uint8, False)
