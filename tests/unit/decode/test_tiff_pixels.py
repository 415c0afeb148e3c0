"""Every way in which a TIFF may store one and the same picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.unit.decode.files import read
from tests.unit.decode.pictures import encoded, refusal
from tests.unit.decode.tiffs import LONG, SHORT, deflate, file_of, picture, tiff

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
WIDE = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pixels", [RGB, RGB[..., 0], WIDE, WIDE[..., 1]], ids=["rgb8", "grey8", "rgb16", "grey16"])
def test_both_byte_orders_and_both_sizes_of_offsets(order: str, big: bool, pixels: Any) -> None:
    frame = read(picture(pixels, order=order, big=big), ".tif")
    np.testing.assert_array_equal(frame.pixels, pixels)
    assert frame.pixels.dtype == pixels.dtype
    assert frame.info.linear


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32, np.float32, np.float64])
def test_other_numbers_become_float32(dtype: Any) -> None:
    values = (RGB[..., 0].astype(dtype) * 300 - 5) if np.dtype(dtype).kind != "u" else RGB[..., 0].astype(dtype) * 300
    frame = read(picture(values))
    np.testing.assert_array_equal(frame.pixels, values.astype(np.float32))
    assert frame.pixels.dtype == np.float32
    assert frame.info.saturation_adu == np.inf


def test_floats_from_0_to_1_are_fractions_of_16_bits() -> None:
    frame = read(picture(RGB.astype(np.float32) / 255))
    np.testing.assert_allclose(frame.pixels, RGB * 257.0, rtol=1e-6)
    assert frame.info.saturation_adu == 65472
    assert "fractions" in frame.warnings[0]


def test_strips_tiles_and_separate_planes() -> None:
    strips = [WIDE[top : top + 7] for top in range(0, 20, 7)]
    np.testing.assert_array_equal(read(tiff(WIDE, strips, rows=7)).pixels, WIDE)
    planes = [np.ascontiguousarray(WIDE[top : top + 10, :, c]) for c in range(3) for top in (0, 10)]
    np.testing.assert_array_equal(read(tiff(WIDE, planes, rows=10, tags={284: (SHORT, [2])})).pixels, WIDE)
    whole = np.zeros((32, 32, 3), np.uint16)
    whole[:20, :30] = WIDE
    tiles = [whole[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16)]
    np.testing.assert_array_equal(read(tiff(WIDE, tiles, rows=0, tile=16)).pixels, WIDE)


@pytest.mark.parametrize("order", "<>")
def test_deflate_with_differences(order: str) -> None:
    steps = np.diff(WIDE, axis=1, prepend=np.zeros((20, 1, 3), np.uint16))
    strips = [steps[top : top + 7] for top in range(0, 20, 7)]
    data = tiff(WIDE, strips, rows=7, tags={317: (SHORT, [2])}, pack=deflate, order=order)
    np.testing.assert_array_equal(read(data).pixels, WIDE)


def test_deflate_with_differences_of_floats() -> None:
    values = RNG.normal(500, 90, (20, 30, 3)).astype(np.float32)
    planes = values.astype(">f4").reshape(20, -1).view(np.uint8).reshape(20, -1, 4).swapaxes(1, 2).reshape(20, -1, 3)
    steps = np.diff(planes, axis=1, prepend=np.zeros((20, 1, 3), np.uint8))
    data = tiff(values, [steps], rows=20, tags={317: (SHORT, [3])}, pack=deflate)
    np.testing.assert_array_equal(read(data).pixels, values)


PACKED = {"8": RGB, "16": WIDE, "odd": RGB[:, :29, 0], "odd by odd": RGB[:19, :29, 0], "one odd row": RGB[:1, :29, 0]}


@pytest.mark.parametrize("packing", [5, 32773])
@pytest.mark.parametrize("case", PACKED)
def test_lzw_and_packbits_as_opencv_writes_them(packing: int, case: str) -> None:
    pixels = PACKED[case]
    bgr = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    data = encoded(".tif", bgr, cv2.IMWRITE_TIFF_COMPRESSION, packing)
    np.testing.assert_array_equal(read(data).pixels, pixels)


@pytest.mark.parametrize("case", PACKED)
def test_a_broken_lzw_strip_is_damaged_and_not_black(case: str) -> None:
    pixels = PACKED[case]
    bgr = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    data = bytearray(encoded(".tif", bgr, cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_PREDICTOR, 1))
    data[8 + 12 : 8 + 20] = b"\xff" * 8
    assert refusal(bytes(data)).reason == "damaged"


def test_alpha_is_dropped_and_does_not_touch_the_colours() -> None:
    alpha = np.dstack([WIDE, RNG.integers(0, 65536, (20, 30), dtype=np.uint16)])
    np.testing.assert_array_equal(read(picture(alpha, tags={338: (SHORT, [2])})).pixels, WIDE)
    grey = WIDE[..., :2]
    np.testing.assert_array_equal(read(picture(grey, tags={262: (SHORT, [1])})).pixels, WIDE[..., 0])


def test_white_is_zero_is_inverted() -> None:
    np.testing.assert_array_equal(read(picture(~WIDE[..., 0], tags={262: (SHORT, [0])})).pixels, WIDE[..., 0])


def test_a_palette_becomes_its_colours() -> None:
    colours = RNG.integers(0, 65536, (3, 256), dtype=np.uint16)
    frame = read(picture(RGB[..., 0], tags={262: (SHORT, [3]), 320: (SHORT, colours.ravel().tolist())}))
    np.testing.assert_array_equal(frame.pixels, colours.T[RGB[..., 0]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_inks_become_colours(dtype: Any) -> None:
    full = np.iinfo(dtype).max
    inks = np.array([[[0, 0, 0, 0], [full, 0, 0, 0], [0, 0, 0, full], [0, full, full, full // 2]]], dtype)
    light = full - full // 2
    expected = [[[full] * 3, [0, full, full], [0] * 3, [light, 0, 0]]]
    np.testing.assert_array_equal(read(picture(inks, tags={262: (SHORT, [5])})).pixels, expected)


def test_the_first_of_several_pages_is_the_picture() -> None:
    one = bytearray(picture(WIDE))
    at = int.from_bytes(one[4:8], "little")
    end = at + 2 + 12 * int.from_bytes(one[at : at + 2], "little")
    one[end : end + 4] = len(one).to_bytes(4, "little")
    other = file_of(b"", {256: (SHORT, [1])})[16:]
    np.testing.assert_array_equal(read(bytes(one) + other).pixels, WIDE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_stay_as_stored_however_the_camera_was_held(orientation: int) -> None:
    frame = read(picture(RGB, tags={274: (SHORT, [orientation])}))
    np.testing.assert_array_equal(frame.pixels, RGB)
    assert frame.info.orientation == orientation


@pytest.mark.parametrize(
    "tags",
    [
        {262: (SHORT, [5])},  # CMYK in three samples
        {262: (SHORT, [6])},  # YCbCr
        {258: (SHORT, [12, 12, 12])},
        {258: (SHORT, [8, 8, 16])},
        {259: (SHORT, [7])},  # JPEG
        {317: (SHORT, [3])},  # differences of floats between integers
    ],
)
def test_other_kinds_are_refused_in_words(tags: Any) -> None:
    error = refusal(picture(RGB, tags=tags), ".tif")
    assert error.reason == "unsupported"
    assert any(character.isdigit() for character in error.detail)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({256: (LONG, [0])}, "damaged"),
        ({256: (LONG, [50])}, "truncated"),
        ({256: (LONG, [100_000]), 257: (LONG, [100_000])}, "too_large"),
        ({278: (LONG, [3])}, "damaged"),  # more strips than places
        ({273: (LONG, [100_000])}, "truncated"),
        ({279: (LONG, [100])}, "damaged"),
        ({259: (SHORT, [8])}, "damaged"),  # not deflated
        ({259: (SHORT, [5])}, "damaged"),  # nor LZW
        ({322: (LONG, [1]), 323: (LONG, [1])}, "damaged"),
    ],
)
def test_contradictions(tags: Any, reason: str) -> None:
    assert refusal(picture(RGB, tags=tags), ".tif").reason == reason


def test_a_tiny_file_cannot_hold_a_large_picture() -> None:
    bomb = {256: (LONG, [9000]), 257: (LONG, [9000]), 259: (SHORT, [8]), 278: (LONG, [9000])}
    assert refusal(picture(RGB, tags=bomb)).reason == "too_large"
    wide_tile = {322: (LONG, [30_000]), 323: (LONG, [30_000]), 324: (LONG, [16]), 325: (LONG, [99]), 259: (SHORT, [8])}
    assert refusal(picture(RGB, tags=wide_tile)).reason == "too_large"
