"""Bare pixels (.bin): their size and kind come from the device's cards, checked against the bytes."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from indistack.errors import DecodeError
from indistack.values.frame import Card
from tests.unit.decode.files import read

PIXELS = np.random.default_rng(2).integers(100, 4000, (60, 90), dtype=np.uint16)


def told(width: int = 90, height: int = 60, bits: float = 16, **more: Any) -> tuple[Card, ...]:
    values = {"NAXIS1": width, "NAXIS2": height, "BITPIX": bits, **more}
    return tuple((keyword, value, "") for keyword, value in values.items())


def refusal(data: bytes, cards: tuple[Card, ...], suffix: str = ".bin") -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        read(data, suffix, cards)
    return caught.value


@pytest.mark.parametrize("bits", [9, 12, 14, 16])
def test_16_bits_little_endian(bits: int) -> None:
    frame = read(PIXELS.astype("<u2").tobytes(), ".bin", told(bits=bits))
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert frame.pixels.dtype == np.uint16
    assert frame.warnings == ()


@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("<u4", 32)])
def test_other_depths(dtype: str, bits: int) -> None:
    pixels = (PIXELS % 200).astype(dtype)
    np.testing.assert_array_equal(read(pixels.tobytes(), ".bin", told(bits=bits)).pixels, pixels)


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_three_planes_are_colour(dtype: str) -> None:
    planes = np.stack([PIXELS, PIXELS // 2, PIXELS // 3]).astype(dtype)
    frame = read(planes.tobytes(), ".bin", told(bits=8 * planes.itemsize))
    np.testing.assert_array_equal(frame.pixels, np.moveaxis(planes, 0, -1))


def test_spare_bytes_of_the_drivers_buffer_are_left_out() -> None:
    np.testing.assert_array_equal(read(PIXELS.tobytes() + bytes(512), ".bin", told()).pixels, PIXELS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_binned_frame_at_the_beginning_of_the_drivers_buffer(dtype: Any) -> None:
    pixels = (PIXELS % 200).astype(dtype)
    buffer = pixels.tobytes() + bytes(3 * pixels.nbytes)  # as of the region before binning 2 x 2
    cards = told(bits=8 * pixels.itemsize, XBINNING=2, YBINNING=2, DETSEC="[11:190,21:140]", DETSIZE="[1:400,1:300]")
    np.testing.assert_array_equal(read(buffer, ".bin", cards).pixels, pixels)
    whole = pixels.tobytes() + bytes(400 * 300 * pixels.itemsize - pixels.nbytes)
    np.testing.assert_array_equal(read(whole + bytes(512), ".bin", cards).pixels, pixels)


def test_a_driver_that_sends_less_depth_than_it_tells_is_warned_of() -> None:
    frame = read((PIXELS % 200).astype(np.uint8).tobytes(), ".bin", told())
    assert frame.pixels.dtype == np.uint8
    assert "16 bits" in frame.warnings[0]


def test_deflated() -> None:
    np.testing.assert_array_equal(read(zlib.compress(PIXELS.tobytes()), ".bin.z", told()).pixels, PIXELS)


def test_pixels_may_begin_as_other_formats_do() -> None:
    for first in (0x8B1F, 0x9D1F, 0x4949):
        pixels = PIXELS.copy()
        pixels[0, 0] = first
        assert read(pixels.tobytes(), ".bin", told()).pixels[0, 0] == first


def test_facts_and_colours_come_from_the_device() -> None:
    cards = told(FRAME="Dark", EXPTIME=30.0, GAIN=120.0, BAYERPAT="RGGB", XBAYROFF=1, YBAYROFF=0, INSTRUME="Cam")
    frame = read(PIXELS.tobytes(), ".bin", cards)
    assert (frame.cfa, frame.info.kind, frame.info.exposure_s) == ("GRBG", "dark", 30.0)
    assert (frame.info.gain_setting, frame.info.camera) == (120.0, "Cam")


def test_nothing_is_known_of_a_file_from_a_folder() -> None:
    error = refusal(PIXELS.tobytes(), ())
    assert error.reason == "unsupported"
    assert "NAXIS1" in error.detail


def test_sizes_that_do_not_fit_are_refused_with_the_numbers() -> None:
    short = refusal(PIXELS.tobytes()[:8000], told())
    assert (short.reason, short.numbers["bytes"], short.numbers["expected_bytes"]) == ("truncated", 8000, 10800)
    assert refusal(bytes(50_000), told()).reason == "damaged"
    assert refusal(bytes(50_000), told(100_000, 100_000)).reason == "too_large"
    assert refusal(zlib.compress(bytes(10_000_000)), told(9000, 9000), ".bin.z").reason == "too_large"
