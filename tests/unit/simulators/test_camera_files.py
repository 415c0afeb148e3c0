"""A DSLR's own files, opened by the programs that open real ones."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
import rawpy

from simulators.camera_files import Shot, develop, dng_bytes, jpeg_bytes

SHOT = Shot(
    model="Indistack DSLR",
    date_obs=datetime(2024, 8, 10, 22, 30, 5, 123000, tzinfo=UTC),
    exposure_s=2.5,
    iso=1600,
    cfa="RGGB",
    black_adu=512.0,
    white_adu=16383,
    neutral=(0.5, 1.0, 0.75),
)


def with_cfa(cfa: str) -> Shot:
    return Shot(**{name: getattr(SHOT, name) for name in SHOT.__slots__} | {"cfa": cfa})


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_a_dng_is_opened_by_libraw_with_every_pixel(cfa: str) -> None:
    pixels = np.random.default_rng(1).integers(500, 16000, (64, 96), dtype=np.uint16)
    with rawpy.imread(io.BytesIO(dng_bytes(pixels, with_cfa(cfa)))) as raw:
        np.testing.assert_array_equal(raw.raw_image_visible, pixels)
        pattern = "".join("RGBG"[number] for number in raw.raw_pattern.reshape(-1))
        assert pattern == cfa
        assert raw.white_level == 16383
        assert raw.black_level_per_channel[0] == 512


def test_a_mono_dng_is_opened_too() -> None:
    pixels = np.random.default_rng(1).integers(500, 16000, (64, 96), dtype=np.uint16)
    with rawpy.imread(io.BytesIO(dng_bytes(pixels, with_cfa("mono")))) as raw:
        np.testing.assert_array_equal(np.squeeze(raw.raw_image_visible), pixels)


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_developing_balances_the_colours(cfa: str) -> None:
    # Raw values in proportion to the neutral colour are grey: half of full scale is 188 on the sRGB curve.
    raw = {"R": 0.25, "G": 0.5, "B": 0.375}
    tile = np.array([512 + raw[letter] * (16383 - 512) for letter in cfa]).reshape(2, 2)
    picture = develop(np.tile(tile, (20, 20)).astype(np.uint16), with_cfa(cfa))
    assert picture[20, 20].tolist() == pytest.approx([188, 188, 188], abs=1)


def test_a_red_light_is_red_in_the_jpeg() -> None:
    pixels = np.full((64, 64), 600, np.uint16)
    pixels[::2, ::2] = 9000
    data = jpeg_bytes(pixels, SHOT)
    blue, green, red = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[32, 32]
    assert red > 200 > 100 > max(blue, green)
    assert b"Exif\0\0II*\0" in data[:20]
    assert b"2024:08:10 22:30:05" in data[:600]
