"""The visible sensor and its facts, from small files with known pixels."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from indistack.errors import DecodeError
from indistack.libraw.facts import SensorFacts
from indistack.libraw.reader import _levelled, _mosaic, read
from tests.unit.decode.tiffs import ASCII, BYTE, LONG, RATIONAL, SHORT, dng

PIXELS = np.random.default_rng(1).integers(500, 16_000, (48, 64), dtype=np.uint16)
PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")


def sensor(data: bytes) -> tuple[Any, SensorFacts]:
    return read(io.BytesIO(data), len(data), 200.0)


def refusal(data: bytes, max_megapixels: float = 200.0) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        read(io.BytesIO(data), len(data), max_megapixels)
    return caught.value


@pytest.mark.parametrize("cfa", PATTERNS)
def test_a_mosaic_comes_back_pixel_for_pixel(cfa: str) -> None:
    pixels, facts = sensor(dng(PIXELS, cfa, {50714: (LONG, [512]), 50717: (LONG, [15_000])}))
    np.testing.assert_array_equal(pixels, PIXELS)
    assert (facts.cfa, facts.black_adu, facts.saturation_adu) == (cfa, 512, 15_000)


@pytest.mark.parametrize("cfa", PATTERNS)
@pytest.mark.parametrize(("top", "left"), [(2, 4), (1, 0), (0, 3), (5, 7)])
def test_the_colours_are_those_of_the_visible_area(cfa: str, top: int, left: int) -> None:
    """Each pixel is its colour: 1000 red, 2000 green, 3000 blue, whatever the margin is cut to."""
    value = {"R": 1000, "G": 2000, "B": 3000}
    cells = np.array([value[letter] for letter in cfa], np.uint16).reshape(2, 2)
    full = np.zeros((40, 60), np.uint16)
    full[top:36, left:56] = np.tile(cells, (20, 30))[: 36 - top, : 56 - left]
    pixels, facts = sensor(dng(full, cfa, {50829: (LONG, [top, left, 36, 56])}))
    assert abs(pixels.shape[0] - (36 - top)) <= 1  # LibRaw cuts odd margins to even ones
    assert abs(pixels.shape[1] - (56 - left)) <= 1
    for place, letter in enumerate(facts.cfa):
        assert set(pixels[place // 2 :: 2, place % 2 :: 2].ravel()) == {value[letter]}


class Canon:
    """What rawpy tells of a sensor whose visible area begins at an odd row; LibRaw moves no CR2's margins."""

    num_colors, color_desc = 3, b"RGBG"
    sizes = SimpleNamespace(top_margin=51, left_margin=158, flip=0)
    raw_pattern = np.array([[3, 2], [0, 1]])
    black_level_per_channel = (100, 110, 104, 110)
    white_level = 16_000
    camera_whitebalance = (2.0, 1.0, 1.5, 0.0)
    other = SimpleNamespace(iso_speed=0.0)

    def __init__(self, whites: list[int] | None = None) -> None:
        self.camera_white_level_per_channel = whites

    def raw_color(self, row: int, column: int) -> int:
        return int(self.raw_pattern[row % 2, column % 2])


def test_the_phase_is_not_that_of_the_sensors_corner() -> None:
    assert _mosaic(Canon()) == ([0, 1, 3, 2], "RGGB")


@pytest.mark.parametrize(
    ("whites", "saturation_adu"),
    [
        ([13_995, 14_000, 14_500, 14_000], 14_000),  # red is raised by 10
        ([13_985, 14_000, 14_500, 14_000], 13_995),
        ([20_000, 20_000, 20_000, 20_000], 16_000),  # beyond what LibRaw takes for the limit
        ([50, 14_000, 14_500, 14_000], 14_000),  # below the level without light
        (None, 16_000),
    ],
)
def test_the_colour_that_fills_first_saturates_the_frame(whites: list[int] | None, saturation_adu: float) -> None:
    assert _levelled(Canon(whites), PIXELS.copy(), [0, 1, 3, 2], "RGGB").saturation_adu == saturation_adu


@pytest.mark.parametrize("cfa", PATTERNS)
def test_black_levels_are_made_one(cfa: str) -> None:
    blacks = [100, 110, 120, 130]
    tags = {50713: (SHORT, [2, 2]), 50714: (SHORT, blacks), 50717: (LONG, [15_000])}
    pixels, facts = sensor(dng(PIXELS, cfa, tags))
    raised = np.array([30, 20, 10, 0], np.uint16).reshape(2, 2)
    np.testing.assert_array_equal(pixels, PIXELS + np.tile(raised, (24, 32)))
    assert (facts.black_adu, facts.saturation_adu) == (130, 15_000)  # the last one fills first: it was not raised


def test_raised_pixels_do_not_wrap() -> None:
    full = np.full((48, 64), 65_530, np.uint16)
    full[0, 0] = 3
    pixels, facts = sensor(dng(full, "RGGB", {50713: (SHORT, [2, 2]), 50714: (SHORT, [0, 0, 0, 100])}))
    assert (pixels[0, 0], pixels[0, 2], pixels[1, 1]) == (103, 65_535, 65_530)
    assert facts.saturation_adu == 65_535


def test_exposure_and_clock_are_libraws() -> None:
    shot: dict[int, tuple[int, Any]] = {
        33434: (RATIONAL, [30.0]),
        34855: (SHORT, [1600]),
        36867: (ASCII, "2024:08:10 22:30:05"),
    }
    _, facts = sensor(dng(PIXELS, "RGGB", exif=shot))
    assert (facts.exposure_s, facts.iso, facts.taken) == (30.0, 1600.0, "2024-08-10T22:30:05")
    del shot[34855]
    _, facts = sensor(dng(PIXELS, "RGGB", exif=shot))
    assert (facts.exposure_s, facts.iso, facts.taken) == (None, None, "")  # fillers would look the same


def test_a_linear_dng_is_rgb_with_one_black_level() -> None:
    rgb = np.dstack([PIXELS, PIXELS + 1, PIXELS + 2])
    tags = {50713: (SHORT, [1, 1]), 50714: (SHORT, [100, 110, 120])}
    pixels, facts = sensor(dng(rgb, tags=tags))
    np.testing.assert_array_equal(pixels, rgb + np.array([20, 10, 0], np.uint16))
    assert (facts.cfa, facts.black_adu) == ("", 120)


def test_a_linear_dng_of_one_colour_is_mono() -> None:
    pixels, facts = sensor(dng(PIXELS, tags={50714: (SHORT, [64]), 50728: (RATIONAL, [0.5, 1.0, 0.75])}))
    np.testing.assert_array_equal(pixels, PIXELS)
    assert (facts.cfa, facts.black_adu, facts.white_balance) == ("", 64, None)


def test_a_filter_of_one_colour_is_mono() -> None:
    _, facts = sensor(dng(PIXELS, "RGGB", {33422: (BYTE, [1, 1, 1, 1]), 50710: (BYTE, [1])}))
    assert facts.cfa == ""


@pytest.mark.parametrize(
    ("neutral", "expected"),
    [([0.5, 1.0, 0.8], (2.0, 1.0, 1.25)), ([1.0, 1.0, 1.0], None), ([0.001, 1.0, 0.8], None)],
)
def test_white_balance(neutral: list[float], expected: Any) -> None:
    _, facts = sensor(dng(PIXELS, "RGGB", {50728: (RATIONAL, neutral)}))
    assert facts.white_balance == (None if expected is None else pytest.approx(expected))


def test_x_trans_is_named_and_a_way_out_told() -> None:
    cells = [1, 1, 0, 1, 1, 2, 1, 1, 2, 1, 1, 0, 2, 0, 1, 0, 2, 1, 1, 1, 2, 1, 1, 0, 1, 1, 0, 1, 1, 2, 0, 2, 1, 2, 0, 1]
    error = refusal(dng(PIXELS, "RGGB", {33421: (SHORT, [6, 6]), 33422: (BYTE, cells)}))
    assert error.reason == "unsupported"
    assert "X-Trans" in error.detail
    assert "linear DNG" in error.detail


@pytest.mark.parametrize("cells", [[3, 1, 4, 5], [0, 1, 1, 0], [0, 1, 2, 1]])
def test_other_filters_are_refused(cells: list[int]) -> None:
    tags = {33422: (BYTE, cells), 50710: (BYTE, sorted(set(cells)))}
    error = refusal(dng(PIXELS, "RGGB", tags))
    assert error.reason == "unsupported"
    assert error.numbers


def test_four_by_four_mosaics_are_no_bayer_filter() -> None:
    cells = [0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 2, 2, 1, 1, 2, 2]
    assert refusal(dng(PIXELS, "RGGB", {33421: (SHORT, [4, 4]), 33422: (BYTE, cells)})).reason == "unsupported"


def test_size_is_checked_before_memory_is_taken() -> None:
    assert refusal(dng(PIXELS, "RGGB"), max_megapixels=0.001).reason == "too_large"
    claim = {256: (LONG, [14_000]), 257: (LONG, [14_000]), 259: (SHORT, [7])}
    assert refusal(dng(PIXELS, "RGGB", claim)).reason == "truncated"


def test_a_file_that_was_filled_up_with_zeros_is_truncated() -> None:
    half = PIXELS.copy()
    half[30:] = 0
    assert refusal(dng(half, "RGGB", {50714: (LONG, [512])})).reason == "truncated"
    assert sensor(dng(half, "RGGB", {50714: (LONG, [0])}))[0].any()  # without a black level zero is a value


def test_truncation_and_garbage() -> None:
    data = dng(PIXELS, "RGGB")
    assert refusal(data[:3000]).reason in ("truncated", "unsupported")
    assert refusal(b"no camera wrote this" * 50).reason == "unsupported"
    assert refusal(b"").reason in ("truncated", "unsupported")
