"""INDI properties as FITS cards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from indistack.fits_header import frame_info
from indistack.sources.cards import cards_of, icrs_of
from indistack.values.frame import CardValue

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)

CMOS: dict[str, dict[str, Any]] = {
    "CCD_INFO": {"CCD_MAX_X": 6248.0, "CCD_MAX_Y": 4176.0, "CCD_PIXEL_SIZE_X": 3.76, "CCD_BITSPERPIXEL": 16.0},
    "CCD_FRAME": {"X": 0.0, "Y": 1.0, "WIDTH": 3000.0, "HEIGHT": 2000.0},
    "CCD_BINNING": {"HOR_BIN": 1.0, "VER_BIN": 1.0},
    "CCD_EXPOSURE": {"CCD_EXPOSURE_VALUE": 30.0},
    "CCD_CONTROLS": {"Gain": 120.0, "Offset": 30.0},
    "CCD_TEMPERATURE": {"CCD_TEMPERATURE_VALUE": -9.9},
    "CCD_CFA": {"CFA_OFFSET_X": "0", "CFA_OFFSET_Y": "0", "CFA_TYPE": "RGGB"},
    "CCD_FRAME_TYPE": {"FRAME_FLAT": "Flat"},
    "SCOPE_INFO": {"FOCAL_LENGTH": 400.0},
    "EQUATORIAL_EOD_COORD": {"RA": 5.5, "DEC": -10.0},
    "FILTER_SLOT": {"FILTER_SLOT_VALUE": 2.0},
    "FILTER_NAME": {"FILTER_SLOT_NAME_1": "L", "FILTER_SLOT_NAME_2": "Ha"},
    "ABS_ROTATOR_ANGLE": {"ANGLE": 33.0},
    "READ_MODE": {"MODE": "High gain"},
    "FITS_HEADER": {"FITS_OBJECT": "M 31"},
}


def told(facts: dict[str, dict[str, Any]]) -> dict[str, CardValue]:
    return {keyword: value for keyword, value, _ in cards_of("Cam", facts, NOW)}


def test_a_cmos_camera() -> None:
    info = frame_info(cards_of("Cam", CMOS, NOW))
    assert (info.kind, info.exposure_s, info.gain_setting, info.offset_setting) == ("flat", 30.0, 120.0, 30.0)
    assert (info.temperature_c, info.filter_name, info.target, info.camera) == (-9.9, "Ha", "M 31", "Cam")
    assert (info.ra_deg, info.dec_deg) == pytest.approx(icrs_of(82.5, -10.0, NOW))
    assert (info.rotator_deg, info.readout_mode) == (33.0, "High gain")
    assert info.scale_arcsec_px == pytest.approx(206.265 * 3.76 / 400, rel=1e-4)


def test_the_size_of_a_region() -> None:
    table = told(CMOS)
    assert (table["NAXIS1"], table["NAXIS2"], table["BITPIX"]) == (3000, 2000, 16)
    assert (table["DETSEC"], table["DETSIZE"]) == ("[1:3000,2:2001]", "[1:6248,1:4176]")
    assert (table["BAYERPAT"], table["XBAYROFF"], table["YBAYROFF"]) == ("RGGB", 0, 1)  # the region begins at row 1


def test_binned_pixels() -> None:
    table = told(CMOS | {"CCD_BINNING": {"HOR_BIN": 2.0, "VER_BIN": 3.0}})
    assert (table["NAXIS1"], table["NAXIS2"]) == (1500, 666)
    assert (table["XBINNING"], table["YBINNING"], table["XPIXSZ"]) == (2, 3, 7.52)
    assert "BAYERPAT" not in table


def test_a_dslr() -> None:
    dslr = {
        "CCD_ISO": {"ISO5": "1600"}, "CCD_FRAME": {"X": 0.0, "Y": 0.0, "WIDTH": 0.0, "HEIGHT": 0.0},
        "CCD_FRAME_TYPE": {"FRAME_DARK": "Dark"}, "CCD_INFO": {"CCD_MAX_X": 5184.0, "CCD_MAX_Y": 3456.0},
    }  # fmt: skip
    info = frame_info(cards_of("Canon DSLR", dslr, NOW))
    assert (info.kind, info.gain_setting, info.camera) == ("dark", 1600.0, "Canon DSLR")
    assert (told(dslr)["NAXIS1"], told(dslr)["NAXIS2"]) == (5184, 3456)


def test_what_is_not_known_is_left_out() -> None:
    assert told({}) == {"INSTRUME": "Cam"}
    nonsense = {
        "CCD_EXPOSURE": {"CCD_EXPOSURE_VALUE": float("nan")},
        "CCD_ISO": {"AUTO": "Auto"},
        "CCD_CFA": {"CFA_TYPE": ""},
    }
    assert told(nonsense) == {"INSTRUME": "Cam"}


def test_a_wheel_without_names() -> None:
    assert told({"FILTER_SLOT": {"FILTER_SLOT_VALUE": 4.0}})["FILTER"] == "4"


@pytest.mark.parametrize(
    ("of_date", "icrs"),
    [
        ((82.5, -10.0), (82.1743705, -10.0236026)),
        ((0.5, 89.9), (359.8065640, 89.7444655)),
        ((299.0, 22.7), (298.7121852, 22.6262018)),
    ],
)
def test_a_mount_tells_places_of_the_date(of_date: tuple[float, float], icrs: tuple[float, float]) -> None:
    assert icrs_of(*of_date, NOW) == pytest.approx(icrs, abs=1e-6)  # astropy 6, TETE -> ICRS


def test_a_focal_length_of_zero_is_unknown() -> None:
    unset = {"SCOPE_INFO": {"FOCAL_LENGTH": 0.0}}
    assert "FOCALLEN" not in told(unset)
    assert told(unset | {"TELESCOPE_INFO": {"TELESCOPE_FOCAL_LENGTH": 500.0}})["FOCALLEN"] == 500.0


def test_a_mount_that_tells_half_of_where_it_points() -> None:
    assert not {"RA", "DEC"} & set(told({"EQUATORIAL_EOD_COORD": {"DEC": 5.0}}))
