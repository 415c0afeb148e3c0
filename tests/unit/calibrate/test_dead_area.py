"""What holds no data, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from indistack.calibrate.dead_area import dead_area

Pixels = npt.NDArray[np.generic]
HEIGHT, WIDTH = 200, 240
RNG = np.random.default_rng(3)
SKY = RNG.normal(500, 18, (HEIGHT, WIDTH))
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def sky(dtype: str = "uint16", channels: int = 1) -> Pixels:
    plane = SKY if channels == 1 else np.stack([SKY] * channels, axis=2)
    return plane.astype(dtype)


REGIONS = {
    "lower part": np.s_[80:, :],
    "upper rows": np.s_[:20, :],
    "left columns": np.s_[:, :5],
    "block": np.s_[60:100, 100:150],
    "most": np.s_[40:, :],
}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
@pytest.mark.parametrize("value", [0, 65535, 30000])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_region_of_one_value_is_dead_to_the_pixel(region: tuple[slice, slice], value: int, dtype: str) -> None:
    if value == 30000 and region == REGIONS["left columns"]:
        pytest.skip("a narrow rim of a value in between is not looked for")
    pixels = sky(dtype)
    pixels[region] = value
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[region] = True
    found = dead_area(pixels)
    assert found is not None
    np.testing.assert_array_equal(found, expected)


def test_a_wedge_as_of_a_turned_frame_is_dead() -> None:
    pixels = sky("float32")
    wedge = Y < 0.2 * X
    pixels[wedge] = 0
    found = dead_area(pixels)
    assert found is not None
    assert (found != wedge).mean() < 0.002  # its tip is too narrow to tell


def test_of_a_colour_picture_the_place_is_found() -> None:
    pixels = sky("uint16", 3)
    pixels[120:] = 0
    found = dead_area(pixels)
    assert found is not None
    assert found.shape == (HEIGHT, WIDTH)
    assert found.sum() == 80 * WIDTH


def disk(height: float, blur_px: float) -> Pixels:
    return height * (0.5 - 0.5 * np.tanh((np.hypot(X - 120, Y - 100) - 40) / blur_px))


def shade() -> Pixels:
    """Black, with an edge that is sharp but for one stretch, where the light rises slowly."""
    slow = np.where(Y // 10 == 3, np.minimum(SKY, 40 * (X - 100)), SKY)
    return np.where(X < 100, 0, slow).astype(np.uint16)


UNHARMED: dict[str, Callable[[], Pixels]] = {
    "sky": sky,
    "a sky of few steps": lambda: (SKY / 100).astype(np.uint8),
    "a sky that is clipped at zero": lambda: np.maximum(SKY - 520, 0).astype(np.uint16),
    "a planet before a black sky": lambda: np.rint(disk(200, 2.0)).astype(np.uint8),
    "a Moon that is clipped": lambda: np.minimum(np.rint(SKY / 20 + disk(400, 2.0)), 255).astype(np.uint8),
    "clipped stars": lambda: np.minimum(SKY + disk(3e5, 6.0), 65535).astype(np.uint16),
    "the sky of a JPEG": lambda: np.rint(RNG.normal(0.2, 0.2, (HEIGHT, WIDTH)).clip(0)).astype(np.uint8),
    "a shade with a soft stretch": shade,
    "one value": lambda: np.full((HEIGHT, WIDTH), 7, np.uint16),
    "a small picture": lambda: np.zeros((8, 8), np.uint16),
}


@pytest.mark.parametrize("make", UNHARMED.values(), ids=UNHARMED)
def test_what_a_camera_sees_is_not_dead(make: Callable[[], Pixels]) -> None:
    assert dead_area(make()) is None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("period", [1, 2])
def test_rows_that_repeat_the_last_one_are_dead(period: int, channels: int) -> None:
    pixels = sky(channels=channels)
    pixels[80:180] = np.concatenate([pixels[80 - period : 80]] * 100)[:100]
    found = dead_area(pixels)
    assert found is not None
    np.testing.assert_array_equal(found.all(axis=1), (np.arange(HEIGHT) >= 80) & (np.arange(HEIGHT) < 180))
    assert found.sum() == 100 * WIDTH


def test_an_enlarged_picture_repeats_no_more_than_one_row() -> None:
    assert dead_area(np.repeat(sky()[: HEIGHT // 2], 2, axis=0)) is None


def test_the_sky_of_a_compressed_video_repeats_its_rows_and_is_not_dead() -> None:
    pixels = np.full((HEIGHT, WIDTH), 17, np.uint8)
    pixels[:, ::16] = 18  # blocks of the compression
    pixels[:60] = SKY[:60] / 25
    pixels[150:170, 100:120] = SKY[150:170, 100:120] / 4
    assert dead_area(pixels) is None
