"""Header cards both ways, and the facts of an exposure, worked out by hand."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime

import pytest
from astropy.io import fits

from indistack.fits_header import (
    StackFacts,
    frame_info,
    header_bytes,
    output_cards,
    parse_cards,
    with_device_facts,
    with_own_filter,
)
from indistack.values.frame import Card, FrameInfo


def block(*lines: str) -> bytes:
    return "".join(line.ljust(80) for line in lines).encode("latin-1")


def info_of(**values: object) -> FrameInfo:
    return frame_info(tuple((key.replace("_", "-"), value, "") for key, value in values.items()))  # type: ignore[misc]


def card(keyword: str, value: str | float | bool) -> Card:
    return keyword, value, ""


class TestParsing:
    def test_reads_every_type(self) -> None:
        cards = parse_cards(
            block(
                "SIMPLE  =                    T / yes",
                "NAXIS   =                    2",
                "EXPTIME =                 1.5D1 / [s]",
                "OBJECT  = 'Barnard''s  '       / a star's name",
                "COMMENT   no value here",
                "EMPTY   =",
                "END",
                "AFTER   =                    1",
            )
        )
        assert cards == (
            ("SIMPLE", True, "yes"), ("NAXIS", 2, ""), ("EXPTIME", 15.0, "[s]"),
            ("OBJECT", "Barnard's", "a star's name"), ("COMMENT", "  no value here", ""), ("EMPTY", "", ""),
        )  # fmt: skip

    def test_joins_long_strings_and_keeps_long_keywords(self) -> None:
        cards = parse_cards(
            block("LONG    = 'one &'", "CONTINUE  'two &'", "CONTINUE  'three' / end", "HIERARCH ESO DET DIT = 2.5 / s")
        )
        assert cards == (("LONG", "one two three", "end"), ("ESO DET DIT", 2.5, "s"))

    @pytest.mark.parametrize(
        "line", ["BAD     = 'never closed", "BAD     = 1.2.3", "\xff\xfe", "=", "CONTINUE  'orphan'"]
    )
    def test_a_bad_card_does_not_raise(self, line: str) -> None:
        assert len(parse_cards(block(line, "GAIN    = 5"))) >= 1

    def test_agrees_with_astropy(self) -> None:
        header = fits.Header([("EXPTIME", 1e-7, "s"), ("OBJECT", "x" * 200, "long"), ("COUNT", -7), ("FLAG", False)])
        ours = {key: value for key, value, _ in parse_cards(header.tostring().encode("ascii"))}
        assert ours == dict(header)


class TestFacts:
    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            ("Light Frame", "light"), ("OBJECT", "light"), ("SKYFLAT", "flat"), ("Dark Frame", "dark"),
            ("Master Dark", "dark"), ("zero", "bias"), ("Bias", "bias"), ("DarkFlat", "darkflat"),
            ("Flat Dark", "darkflat"), ("", "light"), ("nonsense", "light"), ("FLATDARK", "darkflat"),
            ("masterDarkFlat", "darkflat"), ("Dark Sky Flat", "flat"), ("twilight", "flat"), ("SNAPSHOT", "light"),
            ("Offset Frame", "bias"), ("Tricolor Image", "light"), ("Flat Field", "flat"),
        ],
    )  # fmt: skip
    def test_kind(self, said: str, kind: str) -> None:
        assert frame_info((card("IMAGETYP", said),)).kind == kind

    def test_readout_mode_and_rotator(self) -> None:
        assert info_of(READOUTM="High Gain", ROTATANG=12.5, CROTA2=99.0).readout_mode == "High Gain"
        assert info_of(READMODE=1).readout_mode == "1"
        assert info_of(ROTATANG=12.5, CROTA2=99.0).rotator_deg == 12.5
        assert info_of(ROTATOR="87.25").rotator_deg == 87.25
        assert (info_of(CROTA2=99.0).rotator_deg, info_of().readout_mode) == (None, "")

    def test_words_of_other_programs(self) -> None:
        told = info_of(
            TEMPERAT=-17.5, ISO=800, EXPOSURE=30, FILTERS="Filter_L", CVF=5.0, INSTRUME="ZWO  ASI294MC  Pro "
        )
        assert (told.temperature_c, told.gain_setting, told.exposure_s) == (-17.5, 800.0, 30.0)
        assert (told.filter_name, told.e_per_adu, told.camera) == ("Filter_L", 5.0, "ZWO ASI294MC Pro")

    def test_frame_goes_before_imagetyp_unless_it_is_no_kind(self) -> None:
        assert frame_info((card("FRAME", "Dark"), card("IMAGETYP", "Light Frame"))).kind == "dark"
        assert frame_info((card("FRAME", "ICRS"), card("IMAGETYP", "Flat"))).kind == "flat"

    @pytest.mark.parametrize(
        ("cards", "moment"),
        [
            ([("DATE-OBS", "2018-09-07T22:31:45.5")], datetime(2018, 9, 7, 22, 31, 45, 500000, UTC)),
            ([("DATE-OBS", "2018-09-07T22:31:45-0700")], datetime(2018, 9, 8, 5, 31, 45, 0, UTC)),
            ([("DATE-OBS", "2018-09-07T22:31:45+02:00")], datetime(2018, 9, 7, 20, 31, 45, 0, UTC)),
            ([("DATE-OBS", "2018-09-07T22:31:45Z")], datetime(2018, 9, 7, 22, 31, 45, 0, UTC)),
            ([("DATE-OBS", "2018-09-07"), ("UTCSTART", "01:02:03.25")], datetime(2018, 9, 7, 1, 2, 3, 250000, UTC)),
            ([("DATE-OBS", "2018-09-07"), ("TIME-OBS", "23:59")], datetime(2018, 9, 7, 23, 59, 0, 0, UTC)),
            ([("DATE-OBS", "11/03/76"), ("UT", "17:38:00")], datetime(1976, 3, 11, 17, 38, 0, 0, UTC)),
            ([("DATE-OBS", "17/10/18")], datetime(2018, 10, 17, 0, 0, 0, 0, UTC)),
            ([("DATE-OBS", "01-Oct-26"), ("UT", "17:38:00")], datetime(2026, 10, 1, 17, 38, 0, 0, UTC)),
            ([("DATE-OBS", "1 October 1998 02:03:04.5")], datetime(1998, 10, 1, 2, 3, 4, 500000, UTC)),
            ([("DATE-OBS", "01-Okt-26")], None),
            ([("DATE-OBS", "1970-01-01T00:05:12")], None),  # a clock that nobody has set
            ([("DATE-OBS", "2016-12-31T23:59:60")], datetime(2017, 1, 1, 0, 0, 0, 0, UTC)),
            ([("MJD-OBS", 58000.5)], datetime(2017, 9, 4, 12, 0, 0, 0, UTC)),
            ([("DATE-OBS", "2018-13-41T00:00:00")], None),
            ([("DATE-OBS", "last night")], None),
            ([], None),
        ],
    )
    def test_date_traps(self, cards: list[tuple[str, str | float]], moment: datetime | None) -> None:
        assert frame_info(tuple(card(key, value) for key, value in cards)).date_obs == moment

    def test_a_light_of_no_time_is_as_long_as_the_driver_says(self) -> None:
        device = (card("EXPTIME", 0.5),)
        assert with_device_facts(frame_info((card("EXPTIME", 0.0),)), device).exposure_s == 0.5
        assert with_device_facts(frame_info((card("EXPTIME", 2.0),)), device).exposure_s == 2.0
        bias = frame_info((card("EXPTIME", 0.0), card("IMAGETYP", "Bias")))
        assert with_device_facts(bias, device).exposure_s == 0.0

    def test_half_a_wcs_is_left_out_of_a_stack(self) -> None:
        half = (
            card("CTYPE1", "RA---TAN"), card("CTYPE2", "DEC--TAN"), card("CRVAL1", 283.4), card("CRVAL2", 33.0),
            card("CRPIX1", 240.0), card("CRPIX2", 180.0), card("SCALE", 0.65), card("EQUINOX", 2000.0),
        )  # fmt: skip
        kept = {key for key, _, _ in output_cards(frame_info(half), StackFacts(1.0, 1, "mean", "1"))}
        assert {"SCALE", "EQUINOX"} < kept
        assert not {"CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"} & kept
        whole = (*half, card("CDELT1", -0.0002), card("CDELT2", 0.0002))
        assert {"CTYPE1", "CRVAL2", "CRPIX1", "CDELT1"} < {
            key for key, _, _ in output_cards(frame_info(whole), StackFacts(1.0, 1, "mean", "1"))
        }

    def test_pointing_in_degrees_or_sexagesimal(self) -> None:
        told = frame_info((card("OBJCTRA", "04 10 08.801"), card("OBJCTDEC", "-00 50 22.54")))
        assert told.ra_deg == pytest.approx(15 * (4 + 10 / 60 + 8.801 / 3600))
        assert told.dec_deg == pytest.approx(-(50 / 60 + 22.54 / 3600))
        assert info_of(RA=299.5, DEC=22.7, OBJCTRA="1 2 3", OBJCTDEC="4 5 6").ra_deg == 299.5
        assert info_of(RA="nowhere", DEC=5.0).ra_deg is None

    def test_pixel_size_with_and_without_binning(self) -> None:
        expected = math.degrees(9.28e-3 / 1000) * 3600  # 4.64 um, binned twice, at 1000 mm: 1.914 arcsec
        told = info_of(FOCALLEN=1000.0, XPIXSZ=9.28, PIXSIZE1=4.64, XBINNING=2)
        assert told.scale_arcsec_px == pytest.approx(expected)
        assert info_of(FOCALLEN=1000.0, PIXSIZE1=4.64, XBINNING=2).scale_arcsec_px == pytest.approx(expected)
        assert info_of(FOCALLEN=1000.0, XPIXSZ=9.28, XBINNING=2).scale_arcsec_px == pytest.approx(expected)
        not_binned = info_of(FOCALLEN=1000.0, XPIXSZ=4.64, PIXSIZE1=4.64, XBINNING=2)
        assert not_binned.scale_arcsec_px == pytest.approx(expected)
        assert info_of(FOCALLEN=0.0, XPIXSZ=4.64).scale_arcsec_px is None

    def test_wcs_scale(self) -> None:
        turned = {"CD1_1": 0.0, "CD1_2": -1e-3, "CD2_1": 1e-3, "CD2_2": 0.0}
        assert frame_info(tuple(card(k, v) for k, v in turned.items())).scale_arcsec_px == pytest.approx(3.6)
        assert info_of(SCALE=1.25).scale_arcsec_px == 1.25

    def test_the_most_trusted_scale_counts(self) -> None:
        optics = {"FOCALLEN": 1000.0, "XPIXSZ": 4.64}
        sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": 1e-3, "CDELT2": 1e-3}
        assert info_of(**optics, SCALE=2.0, **sky).scale_arcsec_px == pytest.approx(3.6)
        assert info_of(**optics, SCALE=2.0, CDELT1=1e-3, CDELT2=1e-3).scale_arcsec_px == 2.0  # of what, is not said
        assert info_of(**optics, SCALE=0.0).scale_arcsec_px == pytest.approx(math.degrees(4.64e-6) * 3600)

    def test_saturation_is_no_statistic(self) -> None:
        assert info_of(DATAMAX=4095).saturation_adu == 4095
        assert info_of(DATAMAX=3618).saturation_adu == math.inf
        assert info_of(DATAMAX=4095, SATURATE=3800.0).saturation_adu == 3800

    def test_the_rest(self) -> None:
        told = info_of(
            EXPTIME="240.", GAIN=180.0, OFFSET=12, EGAIN=2.07, CCD_TEMP=-18.7, XBINNING=2, YBINNING=2, INSTRUME="SBIG",
            OBJECT="M27", FILTER="Open", ROWORDER="BOTTOM-UP",
        )  # fmt: skip
        assert (told.exposure_s, told.gain_setting, told.offset_setting, told.e_per_adu) == (240, 180, 12, 2.07)
        assert (told.binning, told.camera, told.target, told.filter_name) == ((2, 2), "SBIG", "M27", "Open")
        assert told.bottom_up
        assert told.temperature_c == -18.7
        assert info_of(ISOSPEED=1600).gain_setting == 1600
        assert info_of(CCDSUM="4 2").binning == (4, 2)


class TestWriting:
    def read(self, cards: list[Card], shape: tuple[int, ...] = (3, 4, 5), extname: str = "") -> fits.Header:
        raw = header_bytes(cards, -32, shape, extname)
        assert len(raw) % 2880 == 0
        header = fits.Header.fromstring(raw)
        for written in header.cards:
            written.verify("exception")
        return header

    def test_structure(self) -> None:
        header = self.read([("BITPIX", 16, ""), ("BZERO", 32768, ""), ("GAIN", 5, "")])
        assert [header[key] for key in ("NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "BITPIX")] == [3, 5, 4, 3, -32]
        assert "BZERO" not in header
        assert list(header)[:3] == ["SIMPLE", "BITPIX", "NAXIS"]

    @pytest.mark.parametrize("length", [0, 1, 8, 66, 67, 68, 69, 70, 135, 300])
    @pytest.mark.parametrize("letter", ["a", "'"])
    def test_strings_of_every_length(self, length: int, letter: str) -> None:
        text = letter * length
        assert self.read([("OBJECT", text, "what it is"), ("AFTER", 1, "")])["OBJECT"] == text

    def test_every_number_comes_back(self) -> None:
        values = [0.1, 1e-300, 1e22, -2.5, 12345678901234567890, True, 0.000421364379084967, 1.0]
        header = self.read([(f"K{n}", value, "c") for n, value in enumerate(values)])
        assert [header[f"K{n}"] for n in range(len(values))] == values

    def test_what_fits_cannot_say(self) -> None:
        cards: list[Card] = [
            ("OBJECT", "Café ☆", "°C"), ("NAN", math.nan, ""), ("COMMENT", "x" * 100, ""), ("HISTORY", "", ""),
            ("ESO DET DIT", 2.5, "s"), ("böse key!", 1, ""), ("LONGKEYWORD", "v" * 90, ""),
        ]  # fmt: skip
        header = self.read(cards)
        assert header["OBJECT"] == "Cafe ?"
        assert header["ESO DET DIT"] == 2.5
        assert header["LONGKEYWORD"].rstrip("v") == ""
        assert "".join(header["COMMENT"]) == "x" * 100

    def test_extension(self) -> None:
        header = self.read([], (4, 5), extname="WEIGHT")
        assert header["XTENSION"] == "IMAGE"
        assert (header["PCOUNT"], header["GCOUNT"], header["EXTNAME"]) == (0, 1, "WEIGHT")

    def test_a_whole_file_passes_astropys_verification(self) -> None:
        raw = header_bytes([("OBJECT", "M 27", "")], -32, (2, 3)) + bytes(2880)
        with fits.open(io.BytesIO(raw)) as units:
            units.verify("exception")
            assert units[0].data.shape == (2, 3)


class TestStackHeader:
    def test_the_facts_are_made_true(self) -> None:
        reference = frame_info(
            (
                card("SIMPLE", True), card("BITPIX", 16), card("BZERO", 32768), card("BAYERPAT", "RGGB"),
                card("EXPTIME", 6.0), card("DATE-OBS", "2018-09-07T22:31:45"), card("CRVAL1", 299.9),
                card("DATAMAX", 7), card("CHECKSUM", "x"), card("OBJECT", "M27"), card("MJD-OBS", 58368.9),
                card("COLORTYP", "RGGB"),
            )
        )  # fmt: skip
        facts = StackFacts(
            exposure_s=18.0, n_subs=3, method="mean", version="1.2",
            date_first=datetime(2018, 9, 7, 22, 0, 0, tzinfo=UTC), date_end=datetime(2018, 9, 7, 22, 5, 0, tzinfo=UTC),
            masters=("dark 3 x 240 s (d.fits)",), history=("kappa 3",),
        )  # fmt: skip
        header = fits.Header.fromstring(header_bytes(output_cards(reference, facts), -32, (3, 4, 4)))
        assert [header[key] for key in ("EXPTIME", "LIVETIME", "TOTALEXP")] == [18.0] * 3
        assert [header[key] for key in ("NCOMBINE", "STACKCNT")] == [3, 3]
        assert header["DATE-OBS"] == "2018-09-07T22:00:00.000"
        assert header["DATE-END"] == "2018-09-07T22:05:00.000"
        assert (header["SUBEXP"], header["CRVAL1"], header["OBJECT"]) == (6.0, 299.9, "M27")
        assert header["STACKMTD"] == "mean"
        assert header["SWCREATE"] == "indistack 1.2"
        assert list(header["HISTORY"]) == ["master: dark 3 x 240 s (d.fits)", "kappa 3"]
        for gone in ("BAYERPAT", "BZERO", "DATAMAX", "CHECKSUM", "MJD-OBS", "COLORTYP"):
            assert gone not in header

    def test_a_filter_has_its_own_exposure_and_gain_and_the_pointing_of_the_reference(self) -> None:
        luminance = info_of(FILTER="L", GAIN=100, EXPTIME=20.0, OBJECT="M27", CRVAL1=299.9)
        red = info_of(FILTER="Red", GAIN=200, EXPTIME=60.0, OBJECT="M27", CRVAL1=300.0)
        one = with_own_filter(luminance, red)
        cards = {keyword: value for keyword, value, _ in output_cards(one, StackFacts(120.0, 2, "mean", "1.2"))}
        expected = {"FILTER": "Red", "GAIN": 200, "SUBEXP": 60.0, "EXPTIME": 120.0, "CRVAL1": 299.9, "OBJECT": "M27"}
        assert expected.items() <= cards.items()
