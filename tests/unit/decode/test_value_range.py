"""Lost BZEROs and fractions of full scale, told from the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.decode.value_range import FRACTIONS, LOST_BZERO, LOST_OFFSET, lost_bzero
from tests.unit.decode.files import fits_file, read

rng = np.random.default_rng(7)


def stars(sky: float, peak: float, sigma: float = 12.0) -> Any:
    """Return a noisy sky with 30 stars, unsigned."""
    y, x = np.mgrid[:200, :200]
    light = np.full((200, 200), float(sky))
    for cx, cy in rng.uniform(10, 190, (30, 2)):
        light += peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 4)
    return np.clip(light + rng.normal(0, sigma, light.shape), 0, 65535).astype(np.uint16)


class TestLostBzero:
    @pytest.mark.parametrize(
        "unsigned",
        [stars(500, 60000), stars(500, 200000), stars(33000, 500), stars(60000, 500), stars(31000, 60000)],
        ids=["stars", "saturated stars", "bright sky", "brighter sky", "sky below half and stars"],
    )
    def test_is_undone_with_a_warning(self, unsigned: Any) -> None:
        frame = read(fits_file(unsigned.view(np.int16)))
        assert frame.pixels.dtype == np.uint16
        np.testing.assert_array_equal(frame.pixels, unsigned)
        assert frame.warnings == (LOST_BZERO,)

    @pytest.mark.parametrize(
        "unsigned",
        [stars(500, 60000), stars(6000, 50000, 90.0), stars(9000, 200000)],
        ids=["dim", "noisy", "saturated"],
    )
    def test_so_is_a_lost_offset(self, unsigned: Any) -> None:
        frame = read(fits_file((unsigned.astype(int) - 32768).astype(np.int16)))
        np.testing.assert_array_equal(frame.pixels, unsigned)
        assert frame.warnings == (LOST_OFFSET,)

    @pytest.mark.parametrize(
        "signed",
        [rng.normal(0, 9, (99, 99)), rng.normal(3, 200, (99, 99)), stars(20, 5000).astype(int) - 20],
        ids=["dark subtracted", "noisy", "stars over sky 0"],
    )
    def test_noise_around_zero_stays_signed(self, signed: Any) -> None:
        frame = read(fits_file(signed.astype(np.int16)))
        assert frame.pixels.dtype == np.float32
        assert frame.pixels.min() < 0
        assert frame.warnings == ()

    def test_cores_of_sharp_stars_alone(self) -> None:
        unsigned = stars(500, 0)
        for x, y in rng.integers(5, 190, (20, 2)):
            unsigned[y : y + 3, x : x + 3] = 20000
            unsigned[y + 1, x + 1] = 60000
        assert unsigned.view(np.int16).min() > -16384
        np.testing.assert_array_equal(read(fits_file(unsigned.view(np.int16))).pixels, unsigned)

    def test_a_dead_pixel_of_minus_one_is_no_star(self) -> None:
        pixels = stars(500, 20000).astype(np.int16)
        pixels[3, 3] = -1
        assert not lost_bzero(pixels)

    def test_with_bzero_nothing_is_guessed(self) -> None:
        assert read(fits_file(stars(500, 60000))).warnings == ()


class TestFractions:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_become_adu_with_a_warning(self, dtype: Any) -> None:
        pixels = (stars(500, 60000) / 65535).astype(dtype)
        frame = read(fits_file(pixels))
        np.testing.assert_allclose(frame.pixels, pixels * 65535, rtol=1e-6)
        assert frame.warnings == (FRACTIONS,)
        assert frame.info.saturation_adu == 65472

    def test_of_a_master_dark(self) -> None:
        dark = (rng.normal(500, 9, (60, 60)) / 65535).astype(np.float32)
        assert np.median(read(fits_file(dark, {"IMAGETYP": "Master Dark"})).pixels) == pytest.approx(500, abs=1)

    def test_noise_below_zero_and_gaps_do_not_matter(self) -> None:
        pixels = rng.normal(0.001, 0.002, (60, 60)).astype(np.float32)
        pixels[5, 5], pixels[6, 6] = np.nan, np.inf
        frame = read(fits_file(pixels))
        assert frame.pixels[0, 0] == pytest.approx(pixels[0, 0] * 65535)
        assert np.isnan(frame.pixels[5, 5])

    def test_scaled_integers(self) -> None:
        stored = (stars(500, 60000).astype(int) - 32768).astype(">i2")
        unit = fits.PrimaryHDU(stored)
        unit.header["BSCALE"], unit.header["BZERO"] = 1 / 65535, 32768 / 65535
        data = unit.header.tostring().encode() + stored.tobytes()
        np.testing.assert_allclose(read(data).pixels, stored.astype(int) + 32768, rtol=1e-4, atol=0.01)

    @pytest.mark.parametrize(
        ("pixels", "header"),
        [
            (rng.uniform(0.5, 1.2, (60, 60)), {}),  # a flat around 1
            (rng.uniform(0, 900, (60, 60)), {}),
            (rng.normal(0, 0.3, (60, 60)), {}),
            (rng.uniform(0, 0.9, (60, 60)), {"BUNIT": "electron/s"}),
            (rng.uniform(0, 0.9, (60, 60)), {"SWCREATE": "indistack 1.0"}),
        ],
        ids=["normalised flat", "ADU", "noise around 0", "a unit", "our own"],
    )
    def test_other_floats_are_left_alone(self, pixels: Any, header: dict[str, str]) -> None:
        frame = read(fits_file(pixels.astype(np.float32), header))
        np.testing.assert_array_equal(frame.pixels, pixels.astype(np.float32))
        assert frame.warnings == ()

    def test_integers_are_never_fractions(self) -> None:
        pixels = np.arange(64).reshape(8, 8) % 2
        assert read(fits_file(pixels.astype(np.int32))).pixels.max() == 1
