"""Overscan and PEDESTAL: every frame at its physical zero, cut to the part that sees light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.calibrate.master_file import is_master
from indistack.values.frame import RawFrame
from tests.unit.decode.files import fits_file, read

SECTIONS = {"TRIMSEC": "[1:20,1:12]", "BIASSEC": "[21:28,1:12]"}


def frame(
    light: float = 1300.0, bias: float = 1000.0, header: dict[str, Any] | None = None, **settings: Any
) -> RawFrame:
    """Return a frame of 20 x 12 pixels of light beside 8 columns of overscan."""
    pixels = np.full((12, 28), bias, np.uint16)
    pixels[:, :20] = light + np.arange(240).reshape(12, 20)
    return read(fits_file(pixels, {**SECTIONS, **(header or {})}), **settings)


class TestOverscan:
    def test_its_level_is_subtracted_and_the_frame_is_cut(self) -> None:
        result = frame()
        assert result.pixels.shape == (12, 20)
        assert result.pixels.dtype == np.float32
        np.testing.assert_array_equal(result.pixels, 300 + np.arange(240).reshape(12, 20))
        assert result.info.saturation_adu == 65472 - 1000
        assert result.warnings == ()

    def test_frames_with_different_levels_agree(self) -> None:
        np.testing.assert_array_equal(frame(1300, 1000).pixels, frame(1337, 1037).pixels)

    @pytest.mark.parametrize("kind", ["Dark Frame", "Bias Frame", "Flat Frame"])
    def test_calibration_frames_alike(self, kind: str) -> None:
        result = frame(header={"IMAGETYP": kind})
        assert result.info.kind != "light"
        assert result.pixels[0, 0] == 300

    def test_the_level_is_robust_and_finer_than_an_adu(self) -> None:
        rng = np.random.default_rng(3)
        pixels = rng.normal(1000.4, 4, (200, 60)).round().astype(np.uint16)
        pixels[:, 50:][::7, ::3] = 60000  # a bleeding star
        header = {"TRIMSEC": "[1:50,1:200]", "BIASSEC": "[51:60,1:200]"}
        level = pixels[0, 0] - read(fits_file(pixels, header)).pixels[0, 0]
        assert level == pytest.approx(1000.4, abs=0.4)  # 3 sigma of the mean of 1900 pixels

    def test_negative_noise_is_kept(self) -> None:
        assert frame(light=900).pixels.min() == -100

    def test_the_setting_turns_it_off(self) -> None:
        result = frame(overscan=False)
        assert result.pixels.shape == (12, 28)
        assert result.pixels[0, 0] == 1300

    def test_the_mosaic_is_cut_with_its_phase(self) -> None:
        header = {"TRIMSEC": "[4:20,2:12]", "BAYERPAT": "RGGB"}
        assert frame(header=header).cfa == "BGGR"

    def test_the_reference_pixel_of_the_sky_moves_along(self) -> None:
        cards = frame(header={"TRIMSEC": "[4:20,2:12]", "CRPIX1": 10.5, "CRPIX2": 6.0}).info.header
        told = {keyword: value for keyword, value, _ in cards}
        assert (told["CRPIX1"], told["CRPIX2"]) == (7.5, 5.0)

    def test_reversed_sections_and_spaces(self) -> None:
        assert frame(header={"TRIMSEC": "[ 20:1 , 12:1 ]"}).pixels.shape == (12, 20)

    def test_datasec_where_there_is_no_trimsec(self) -> None:
        assert frame(header={"TRIMSEC": "", "DATASEC": "[1:20,1:12]"}).pixels.shape == (12, 20)

    def test_trimmed_only(self) -> None:
        result = frame(header={"BIASSEC": ""})
        assert result.pixels.shape == (12, 20)
        assert result.pixels.dtype == np.uint16

    @pytest.mark.parametrize(
        ("section", "complaint"),
        [
            ("[1:400,1:12]", "not within"),
            ("[0:20,1:12]", "not within"),
            ("1:20", "no section"),
            ("[a:b,c:d]", "no section"),
        ],
    )
    def test_a_section_that_cannot_be_is_ignored_and_told(self, section: str, complaint: str) -> None:
        result = frame(header={"TRIMSEC": section})
        assert result.pixels.shape == (12, 28)
        assert complaint in result.warnings[0]

    def test_an_overscan_within_the_light_is_none(self) -> None:
        result = frame(header={"BIASSEC": "[15:28,1:12]"})
        assert result.pixels[0, 0] == 1300
        assert "overlap" in result.warnings[0]


class TestPedestal:
    @pytest.mark.parametrize("said", [100, -100, "100"])
    def test_either_sign_is_subtracted(self, said: int | str) -> None:
        pixels = np.arange(50, 290, dtype=np.uint16).reshape(12, 20)
        result = read(fits_file(pixels, {"PEDESTAL": said}))
        np.testing.assert_array_equal(result.pixels, np.arange(-50, 190).reshape(12, 20))

    def test_floats_that_it_makes_are_no_sign_of_a_master(self) -> None:
        raw = fits_file(np.arange(240, dtype=np.uint16).reshape(12, 20), {"PEDESTAL": -100, "IMAGETYP": "Dark Frame"})
        assert not is_master(read(raw), "a.fits")
        assert is_master(read(fits_file(np.arange(240.0).reshape(12, 20), {"IMAGETYP": "Dark Frame"})), "a.fits")

    def test_an_overscan_holds_it_already(self) -> None:
        assert frame(header={"PEDESTAL": -100}).pixels[0, 0] == 300

    @pytest.mark.parametrize("said", [0, "none", 1e9])
    def test_nothing_to_subtract(self, said: Any) -> None:
        pixels = np.arange(240, dtype=np.uint16).reshape(12, 20)
        result = read(fits_file(pixels, {"PEDESTAL": said}))
        assert result.pixels.dtype == np.uint16
        np.testing.assert_array_equal(result.pixels, pixels)
