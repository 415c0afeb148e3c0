"""Pixels whose bytes were exchanged, told from the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from indistack.decode.byte_order import SWAPPED
from tests.unit.decode.files import fits_file, read

Unsigned = npt.NDArray[np.uint16]
SIDE = 300


def sky(level: float, sigma: float, peak: float = 40000.0, channels: int = 1) -> Unsigned:
    """A sky with 40 stars."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:SIDE, :SIDE]
    light = np.full((SIDE, SIDE), float(level))
    for cx, cy in rng.uniform(10, SIDE - 10, (40, 2)):
        light += peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 4)
    light = light if channels == 1 else np.stack([light] * channels)
    return np.clip(np.rint(light + rng.normal(0, sigma, light.shape)), 0, 65535).astype(np.uint16)


def mosaic() -> Unsigned:
    pixels = sky(400, 12)
    pixels[::2, ::2] += 700
    return pixels


SKIES = {
    "dim": sky(199, 6),
    "noisy": sky(6000, 500),
    "without noise": sky(700, 1),
    "mosaic": mosaic(),
    "colour": sky(900, 15, channels=3),
    "12 bits in the upper part": sky(120, 4, 2000) << 4,
}


@pytest.mark.parametrize("pixels", SKIES.values(), ids=SKIES)
def test_values_are_read_the_other_way_round(pixels: Unsigned) -> None:
    right = read(fits_file(pixels))
    assert right.warnings == ()
    swapped = read(fits_file(pixels.byteswap()))
    assert swapped.warnings == (SWAPPED,)
    np.testing.assert_array_equal(swapped.pixels, right.pixels)


@pytest.mark.parametrize("pixels", SKIES.values(), ids=SKIES)
def test_so_are_the_signed_values_of_a_file(pixels: Unsigned) -> None:
    right = fits_file(pixels)
    end = 2880 * (right.index(b"END     ") // 2880 + 1)
    size = 2 * pixels.size
    stored = np.frombuffer(right, ">i2", size // 2, end).byteswap().tobytes()
    frame = read(right[:end] + stored + right[end + size :])
    assert frame.warnings == (SWAPPED,)
    np.testing.assert_array_equal(frame.pixels, read(right).pixels)


RIGHT = {
    "8 bits in the upper byte": sky(60, 3, 150) << 8,
    "8 bits in the upper byte over an offset": (sky(60, 3, 150) << 8) + 5,
    "8 bits in both": sky(60, 3, 150).clip(0, 255) * 257,
    "a bright, noisy sky": sky(30000, 6000),
    "10 bits in the upper part": sky(200, 9, 700).clip(0, 1023) << 6,
    "dice": np.random.default_rng(1).integers(0, 65536, (SIDE, SIDE)).astype(np.uint16),
}


@pytest.mark.parametrize("pixels", RIGHT.values(), ids=RIGHT)
def test_what_is_right_stays(pixels: Unsigned) -> None:
    frame = read(fits_file(pixels))
    assert frame.warnings == ()
    np.testing.assert_array_equal(frame.pixels, pixels)
