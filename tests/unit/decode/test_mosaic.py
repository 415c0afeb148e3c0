"""The CFA as the pixels show it, against what the header says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.decode.mosaic import grid_of
from tests.unit.decode.files import fits_file, mosaic, read

SODIUM = (480.0, 300.0, 300.0, 120.0)
MOONLIT = (180.0, 300.0, 300.0, 210.0)
HYDROGEN = (300.0, 45.0, 45.0, 15.0)
MAGENTA = (300.0, 550.0, 550.0, 304.0)
"""Skies over an RGGB sensor (e-): red, green, green, blue."""


def doubts(pixels: Any, **header: Any) -> tuple[str, ...]:
    return read(fits_file(pixels, header)).warnings


class TestColourIsSeen:
    @pytest.mark.parametrize("sky", [SODIUM, MOONLIT, HYDROGEN])
    def test_green_lies_where_the_diagonal_agrees(self, sky: tuple[float, float, float, float]) -> None:
        assert grid_of(mosaic(sky), 65472) == "anti"
        assert grid_of(mosaic((sky[1], sky[0], sky[3], sky[2])), 65472) == "main"

    def test_red_like_blue_shows_a_checkerboard(self) -> None:
        assert grid_of(mosaic(MAGENTA), 65472) == "checker"


class TestDoubts:
    def test_a_mosaic_that_is_said_to_be_mono(self) -> None:
        (warning,) = doubts(mosaic(SODIUM), INSTRUME="Cam 1")
        assert 'set decode.bayer_of."Cam 1" to RGGB or BGGR' in warning
        assert "mosaic" in doubts(mosaic(MAGENTA))[0]

    def test_a_phase_that_is_off_by_a_row(self) -> None:
        (warning,) = doubts(mosaic(SODIUM), BAYERPAT="GBRG")
        assert "set decode.bayer to RGGB, or else to BGGR" in warning

    @pytest.mark.parametrize("cfa", ["RGGB", "BGGR"])
    def test_a_phase_that_fits(self, cfa: str) -> None:
        assert doubts(mosaic(SODIUM), BAYERPAT=cfa) == ()
        assert doubts(mosaic(MAGENTA), BAYERPAT=cfa) == ()

    def test_flats_are_looked_at_too_but_not_darks(self) -> None:
        pixels = mosaic((9000, 20000, 20000, 14000))
        assert doubts(pixels, IMAGETYP="Flat Frame") != ()
        assert doubts(pixels, IMAGETYP="Dark Frame") == ()

    def test_what_the_user_has_set_is_not_doubted(self) -> None:
        data = fits_file(mosaic(SODIUM), {"INSTRUME": "ZWO CCD ASI294MC Pro"})
        frame = read(data, bayer_of={"ZWO ASI294MC Pro": "GRBG"})
        assert (frame.cfa, frame.warnings) == ("GRBG", ())


class TestNoFalseAlarm:
    @pytest.mark.parametrize("level", [5.0, 300.0, 20000.0])
    def test_mono(self, level: float) -> None:
        assert doubts(mosaic((level,) * 4)) == ()

    @pytest.mark.parametrize("cfa", ["RGGB", "GRBG"])
    def test_a_grey_sky_decides_nothing(self, cfa: str) -> None:
        assert doubts(mosaic((300.0,) * 4), BAYERPAT=cfa) == ()

    @pytest.mark.parametrize("offsets", [(50, 0, 50, 0), (50, 50, 0, 0), (100, 50, 50, 0), (40, 0, 0, 0)])
    def test_columns_rows_and_pixels_that_are_read_with_offsets(self, offsets: tuple[int, ...]) -> None:
        pixels = mosaic((300.0,) * 4)
        for phase, offset in enumerate(offsets):
            pixels[phase // 2 :: 2, phase % 2 :: 2] += np.uint16(offset)
        assert doubts(pixels) == ()

    def test_amplifiers_that_differ_a_little(self) -> None:
        light = mosaic((20000.0,) * 4).astype(np.float32) - 500
        light[::2, ::2] *= 1.035  # its noise too
        assert doubts(light + 20000) == ()

    def test_a_noisier_amplifier_with_an_offset_below_the_noise(self) -> None:
        rng = np.random.default_rng(8)
        pixels = rng.normal(20, 3, (512, 512))
        pixels[::2, ::2] = rng.normal(21.4, 3.5, (256, 256))
        assert doubts(pixels.astype(np.float32)) == ()

    def test_amplifiers_with_noise_and_offsets_of_their_own(self) -> None:
        rng = np.random.default_rng(9)
        pixels = np.empty((512, 512), np.float32)
        for phase, (level, noise) in enumerate([(100, 5.2), (100, 6.1), (100, 5.0), (115, 7.5)]):
            pixels[phase // 2 :: 2, phase % 2 :: 2] = rng.normal(level, noise, (256, 256))
        assert doubts(pixels) == ()

    def test_four_different_colours_are_no_bayer_mosaic(self) -> None:
        assert doubts(mosaic((480.0, 300.0, 400.0, 120.0))) == ()

    def test_a_gradient(self) -> None:
        slope = np.arange(512) * 20.0
        pixels = mosaic((300.0,) * 4) + (slope + slope[:, None]).astype(np.uint16)
        assert doubts(pixels) == ()

    def test_a_clipped_frame_and_one_that_is_too_small(self) -> None:
        assert doubts(mosaic(SODIUM) // 100 + np.uint16(65500)) == ()
        assert doubts(mosaic(SODIUM, side=64)) == ()

    def test_not_a_number(self) -> None:
        pixels = mosaic((300.0,) * 4).astype(np.float32)
        pixels[:, ::2] = np.nan
        pixels[5, 5] = np.inf
        assert doubts(pixels) == ()
