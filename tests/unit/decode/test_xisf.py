"""XISF: every sample format, place and packing that is supported, and the reasons of those that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.errors import DecodeError
from indistack.values.frame import RawFrame
from tests.unit.decode.files import CODECS, fits_file, read, xisf_file, xisf_xml

GREY = np.random.default_rng(4).integers(1, 200, (30, 47))
COLOUR = np.random.default_rng(5).integers(1, 200, (20, 31, 3))


def decoded(pixels: Any, **how: Any) -> RawFrame:
    return read(xisf_file(pixels, **how), ".xisf")


def reason(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        read(data, ".xisf")
    assert caught.value.detail
    return caught.value.reason


def keywords(**values: str) -> str:
    return "".join(f'<FITSKeyword name="{name}" value="{value}"/>' for name, value in values.items())


class TestPixels:
    @pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<u4", ">u4"])
    @pytest.mark.parametrize("normal", [False, True])
    def test_integers(self, dtype: str, normal: bool) -> None:
        np.testing.assert_array_equal(decoded(GREY.astype(dtype), normal=normal).pixels, GREY)
        np.testing.assert_array_equal(decoded(COLOUR.astype(dtype), normal=normal).pixels, COLOUR)

    @pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8"])
    def test_fractions_become_adu(self, dtype: str) -> None:
        frame = decoded((GREY / 200).astype(dtype))
        np.testing.assert_allclose(frame.pixels, GREY / 200 * 65535, rtol=1e-6)
        assert "fractions" in frame.warnings[0]

    @pytest.mark.parametrize("codec", CODECS)
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_packed(self, codec: str, shuffle: bool) -> None:
        frame = decoded(GREY.astype("<u2"), codec=codec, shuffle=shuffle)
        np.testing.assert_array_equal(frame.pixels, GREY)

    @pytest.mark.parametrize("place", ["base64", "hex", "embedded"])
    @pytest.mark.parametrize("codec", ["", "zlib"])
    def test_pixels_within_the_header(self, place: str, codec: str) -> None:
        np.testing.assert_array_equal(decoded(GREY.astype("<u2"), place=place, codec=codec).pixels, GREY)

    def test_alpha_is_dropped(self) -> None:
        alpha = np.concatenate([COLOUR, COLOUR[..., :1]], axis=2).astype("<u2")
        np.testing.assert_array_equal(decoded(alpha).pixels, COLOUR)

    def test_it_is_the_same_exposure_as_in_fits(self) -> None:
        pixels = GREY.astype("<u2")
        assert decoded(pixels).fingerprint == read(fits_file(pixels)).fingerprint


class TestFacts:
    def test_keywords(self) -> None:
        body = keywords(
            EXPTIME="12.5", FILTER="&apos;Ha&apos;", INSTRUME="ZWO CCD", GAIN="120", IMAGETYP="'Dark Frame'"
        )
        info = decoded(GREY.astype("<u2"), body=body).info
        assert (info.exposure_s, info.filter_name, info.camera) == (12.5, "Ha", "ZWO CCD")
        assert (info.gain_setting, info.kind) == (120.0, "dark")

    def test_history_and_structure_do_no_harm(self) -> None:
        body = keywords(BZERO="32768", NAXIS1="9") + '<FITSKeyword name="HISTORY" value="" comment="made so"/>'
        frame = decoded(GREY.astype("<u2"), body=body)
        np.testing.assert_array_equal(frame.pixels, GREY)
        assert ("HISTORY", "made so", "") in frame.info.header

    def test_properties_count_where_no_keyword_says_it(self) -> None:
        body = (
            keywords(EXPTIME="5")
            + '<Property id="Instrument:ExposureTime" type="Float32" value="9"/>'
            + '<Property id="Instrument:Telescope:FocalLength" type="Float32" value="0.5"/>'
            + '<Property id="Instrument:Filter:Name" type="String">Lum</Property>'
            + '<Property id="Observation:Time:Start" type="TimePoint" value="2026-01-02T03:04:05Z"/>'
        )
        info = decoded(GREY.astype("<u2"), body=body, imageType="Flat").info
        assert (info.exposure_s, info.filter_name, info.kind) == (5.0, "Lum", "flat")
        assert info.date_obs is not None
        assert info.date_obs.isoformat() == "2026-01-02T03:04:05+00:00"
        assert ("FOCALLEN", 500.0, "") in info.header

    def test_mosaics(self) -> None:
        array = '<ColorFilterArray pattern="GRBG" width="2" height="2"/>'
        assert decoded(GREY.astype("<u2"), body=array).cfa == "GRBG"
        assert decoded(GREY.astype("<u2"), body=keywords(BAYERPAT="RGGB", XBAYROFF="1")).cfa == "GRBG"
        bottom_up = keywords(BAYERPAT="RGGB", ROWORDER="BOTTOM-UP")  # of the file that it was made from
        assert decoded(GREY.astype("<u2"), body=bottom_up).cfa == "RGGB"

    def test_only_the_first_image_counts(self) -> None:
        first = xisf_file(GREY.astype("<u2"), body=keywords(EXPTIME="1"))
        second = (
            '<Image geometry="1:1:1" sampleFormat="UInt8" location="inline:hex">00' + keywords(GAIN="7") + "</Image>"
        )
        data = first.replace(b"</xisf>", second.encode() + b"</xisf>").replace(bytes(len(second)), b"", 1)
        size = int.from_bytes(first[8:12], "little") + len(second)
        frame = read(data[:8] + size.to_bytes(4, "little") + data[12:], ".xisf")
        assert frame.pixels.shape == GREY.shape
        assert (frame.info.exposure_s, frame.info.gain_setting) == (1.0, None)


class TestRefusals:
    def test_truncated_at_every_length(self) -> None:
        data = xisf_file(GREY.astype("<u2"))
        for length in range(8, len(data), 97):
            assert reason(data[:length]) == "truncated"

    @pytest.mark.parametrize(
        ("attributes", "expected"),
        [
            ({"geometry": "47:30"}, "unsupported"), ({"geometry": "0:30:1"}, "unsupported"),
            ({"geometry": "47:30:77"}, "unsupported"), ({"geometry": "100000:100000:1"}, "too_large"),
            ({"geometry": "470:30:1"}, "truncated"), ({"sampleFormat": "Complex32"}, "unsupported"),
            ({"colorSpace": "CIELab"}, "unsupported"), ({"location": "url(http://x)"}, "unsupported"),
            ({"location": "attachment:4096:99999999"}, "truncated"), ({"compression": "rle:2820"}, "unsupported"),
            ({"compression": "zlib:2820", "subblocks": "1,2"}, "unsupported"), ({"compression": "zlib:9"}, "damaged"),
            ({"compression": "zlib:2820"}, "damaged"), ({"compression": "zstd:2820"}, "damaged"),
            ({"compression": "lz4:2820"}, "damaged"),
        ],
    )  # fmt: skip
    def test_what_cannot_be(self, attributes: dict[str, str], expected: str) -> None:
        assert reason(xisf_file(GREY.astype("<u2"), **attributes)) == expected

    def test_a_block_that_holds_more_than_the_image(self) -> None:
        for codec in CODECS:
            data = xisf_file(np.zeros((300, 470), "<u2"), codec=codec)
            smaller = data.replace(b'geometry="470:300:1"', b'geometry="47:30:1"  ').replace(b":282000", b":2820  ")
            assert reason(smaller.replace(b':2820  "', b':2820"  ')) == "damaged"

    def test_a_zstd_frame_that_claims_a_terabyte(self) -> None:
        frame = bytes.fromhex("28b52ffde0") + (1 << 40).to_bytes(8, "little") + bytes.fromhex("010000")
        data = xisf_file(GREY.astype("<u2"), compression="zstd:2820", location=f"attachment:4096:{len(frame)}")
        assert reason(data[:4096] + frame + bytes(99)) == "damaged"

    def test_a_bomb_of_pixels(self) -> None:
        huge = xisf_file(GREY.astype("<u2"), geometry="13000:13000:1", compression="zstd:338000000")
        assert reason(huge) == "too_large"

    def test_a_bomb_of_entities(self) -> None:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xisf>&b;</xisf>'
        assert reason(b"XISF0100" + len(bomb).to_bytes(4, "little") + bytes(4) + bomb) == "damaged"

    def test_nonsense(self) -> None:
        assert reason(b"XISF0100" + (99).to_bytes(4, "little") + bytes(4) + b"<xisf><Image" + bytes(200)) == "damaged"
        assert reason(b"XISF0100" + (2**31).to_bytes(4, "little") + bytes(900)) == "too_large"
        assert reason(xisf_xml("<Metadata/>")) == "no_image"
        assert reason(b"XISF0200" + bytes(900)) == "not_a_frame"
