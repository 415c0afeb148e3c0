"""JPEG, PNG and TIFF frames."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest

from tests.unit.decode.files import read
from tests.unit.decode.pictures import chunk, encoded, jpeg_with, png_with, refusal
from tests.unit.decode.tiffs import SHORT, dng, file_of, picture

FOUR_INKS = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgS"
    "FBUU/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAgACQb/xAAfEAABAQkBAAAAAAAAAAAAAAAABwYXIzNBRFFjgaH/"
    "2gAOBEMATQBZAEsAAD8AJ6JW/A5Ok0+DQUlt5sTNTVM0ARK34TpNPgVFJbebEzUjP9Erfg1XSafDq1JbebEzUjQBErfhOk0+BUUlt5sTNSP/2Q=="
)
"""A JPEG in cyan, magenta, yellow and black, as Photoshop writes it: inverted."""

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
BGR = RGB[..., ::-1]


def reason(data: bytes, suffix: str = "") -> str:
    return refusal(data, suffix).reason


def with_bits(jpeg: bytes, precision: int, channels: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 4
    return jpeg[:at] + bytes([precision]) + jpeg[at + 1 : at + 5] + bytes([channels]) + jpeg[at + 6 :]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257)])
def test_lossless_colour_comes_back_in_rgb_order(suffix: str, scale: Any) -> None:
    rgb = RGB.astype(scale.dtype) * scale
    frame = read(encoded(suffix, rgb[..., ::-1]))
    np.testing.assert_array_equal(frame.pixels, rgb)
    assert frame.cfa is None
    assert frame.info.saturation_adu == (255 if scale == 1 else 65472)
    assert frame.info.full_scale_adu == (255 if scale == 1 else 65535)
    assert frame.info.linear


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_grey_is_mono(suffix: str) -> None:
    frame = read(encoded(suffix, RGB[..., 0]))
    assert frame.pixels.shape == (20, 30)
    assert frame.channels == 1


def test_alpha_of_a_png_is_dropped() -> None:
    alpha = np.dstack([BGR, RNG.integers(0, 256, (20, 30), dtype=np.uint8)])
    np.testing.assert_array_equal(read(encoded(".png", alpha)).pixels, RGB)


def test_inks_become_colours() -> None:
    y, x = np.mgrid[:16, :16]
    expected = np.stack([12 * x + 20, 10 * y + 40, 255 - 8 * x - 6 * y], -1)
    assert np.abs(read(FOUR_INKS, ".jpg").pixels.astype(int) - expected).max() <= 3
    refused = refusal(FOUR_INKS[:2] + FOUR_INKS[18:], ".jpg")
    assert (refused.reason, "Adobe" in refused.detail) == ("unsupported", True)


def test_grey_with_alpha_and_palettes_of_a_png() -> None:
    def png(kind: int, line: int, *more: bytes) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, kind, 0, 0, 0))
        rows = b"".join(b"\0" + RGB[row, :, 0:line].tobytes() for row in range(20))
        return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    np.testing.assert_array_equal(read(png(4, 2)).pixels, RGB[..., 0])
    colours = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(png(3, 1, chunk(b"PLTE", colours.tobytes()))).pixels, colours[RGB[..., 0]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_not_linear_and_keeps_its_pixel_grid(orientation: int) -> None:
    plain = encoded(".jpg", BGR)
    frame = read(jpeg_with(plain, file_of(b"", {274: (SHORT, [orientation])}, order=">")))
    assert not frame.info.linear
    assert frame.info.orientation == orientation
    np.testing.assert_array_equal(frame.pixels, read(plain).pixels)
    turned = png_with(encoded(".png", BGR), b"eXIf", file_of(b"", {274: (SHORT, [orientation])}))
    np.testing.assert_array_equal(read(turned).pixels, RGB)
    assert read(turned).info.orientation == orientation


def test_a_png_made_for_screens_is_not_linear() -> None:
    plain = encoded(".png", BGR)
    assert read(plain).info.linear
    assert not read(png_with(plain, b"sRGB", b"\0")).info.linear
    assert not read(png_with(plain, b"gAMA", struct.pack(">I", 45455))).info.linear
    assert read(png_with(plain, b"gAMA", struct.pack(">I", 100_000))).info.linear


def test_progressive_jpegs_and_restart_markers() -> None:
    for options in ((cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 1)):
        data = encoded(".jpg", cv2.GaussianBlur(BGR, (9, 9), 3), *options)
        assert read(data).pixels.shape == (20, 30, 3)
        assert reason(data[:-2]) == "truncated"


def test_the_thumbnail_of_a_truncated_jpeg_does_not_end_it() -> None:
    data = jpeg_with(encoded(".jpg", BGR), file_of(encoded(".jpg", BGR[::4, ::4]), {}))
    assert read(data).pixels.shape == (20, 30, 3)
    assert reason(data[: len(data) // 2]) == "truncated"
    assert reason(data[:-2]) == "truncated"


def test_no_camera_makes_these_jpegs() -> None:
    plain = encoded(".jpg", BGR)
    assert reason(with_bits(plain, 12, 3)) == "unsupported"
    assert reason(with_bits(plain, 8, 4)) == "unsupported"


def test_a_scan_that_breaks_off_into_another_marker_is_damaged() -> None:
    data = bytearray(encoded(".jpg", BGR))
    scan = data.index(b"\xff\xda")
    data[scan + 60 : scan + 62] = b"\xff\x40"
    assert reason(bytes(data)) == "damaged"


def test_a_jpeg_of_endless_scans_is_damaged() -> None:
    data = encoded(".jpg", cv2.GaussianBlur(BGR, (9, 9), 3), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    scan = data.index(b"\xff\xda")
    assert reason(data[:scan] + 200 * data[scan:-2] + data[-2:]) == "damaged"


def test_content_goes_before_suffix() -> None:
    for suffix in (".fits", ".CR2", ".JPG", ""):
        assert read(encoded(".png", RGB), suffix).pixels.shape == (20, 30, 3)
    mosaic = RNG.integers(0, 4000, (64, 64), dtype=np.uint16)
    assert read(dng(mosaic, "GBRG"), ".tif").cfa == "GBRG"


def test_a_grey_picture_may_be_a_mosaic() -> None:
    assert read(encoded(".png", RGB[..., 0]), bayer="GRBG").cfa == "GRBG"
    assert read(encoded(".png", RGB), bayer="GRBG").cfa is None


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_every_truncation_is_refused(suffix: str) -> None:
    data = picture(RGB[:6, :6]) if suffix == ".tif" else encoded(suffix, RGB[:6, :6])
    for length in range(1, len(data) - 4):
        assert reason(data[:length], suffix) in ("truncated", "not_a_frame")


def test_a_picture_of_one_value_is_refused() -> None:
    assert reason(encoded(".png", np.zeros((20, 30), np.uint8))) == "constant"


def test_a_bomb_is_refused_from_its_header() -> None:
    def png(width: int, height: int) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")

    assert reason(png(100_000, 100_000)) == "too_large"
    assert reason(png(10_000, 10_000)) == "too_large"  # within the limit, but 600 MB cannot hide in 100 bytes
    assert reason(png(0, 10)) == "damaged"


def test_a_flipped_bit_in_a_png_is_seen() -> None:
    data = bytearray(encoded(".png", BGR))
    data[60] ^= 1
    assert reason(bytes(data)) == "damaged"


def test_text_with_a_pictures_name() -> None:
    assert reason(b"not a picture", ".png") == "not_a_frame"
    assert reason(b"\x89PNG\r\n\x1a\n", ".png") == "truncated"
