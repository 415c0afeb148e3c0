"""FITS frames against files that astropy wrote, and every reason why a file is refused."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.decode import DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.system.workers import Workers
from indistack.values.blob import Blob, Content
from indistack.values.frame import RawFrame

DATA = Path(__file__).parents[3].parent / "shared" / "data"
ODD = DATA / "odd_fits"


def blob(data: bytes, suffix: str = ".fits", fault: str = "") -> Blob:
    return Blob(Content(data), suffix, "camera", "here", datetime(2026, 1, 1, tzinfo=UTC), fault=fault)


def read(data: bytes, suffix: str = ".fits", **settings: Any) -> RawFrame:
    return decode(blob(data, suffix), DecodeSettings(**settings))


def reason(data: bytes, suffix: str = ".fits", **settings: Any) -> str:
    with pytest.raises(DecodeError) as caught:
        read(data, suffix, **settings)
    assert caught.value.numbers
    assert caught.value.detail
    return caught.value.reason


def file_of(pixels: Any, header: dict[str, Any] | None = None, **keywords: Any) -> bytes:
    unit = fits.PrimaryHDU(pixels, **keywords)
    unit.header.update(header or {})
    return as_bytes([unit])


def as_bytes(units: list[Any]) -> bytes:
    out = io.BytesIO()
    fits.HDUList(units).writeto(out)
    return out.getvalue()


def ramp(dtype: Any, height: int = 12, width: int = 17) -> Any:
    return np.arange(height * width).reshape(height, width).astype(dtype)


class TestPixels:
    @pytest.mark.parametrize(
        ("stored", "expected"),
        [(np.uint8, np.uint8), (np.int16, np.uint16), (np.uint16, np.uint16), (np.int32, np.float32),
         (np.uint32, np.float32), (np.int64, np.float32), (np.float32, np.float32), (np.float64, np.float32)],
    )  # fmt: skip
    def test_types(self, stored: Any, expected: Any) -> None:
        pixels = ramp(stored)
        frame = read(file_of(pixels))
        assert frame.pixels.dtype == expected
        assert frame.pixels.dtype.isnative
        np.testing.assert_array_equal(frame.pixels, pixels)

    def test_full_range_of_16_bits_on_two_threads(self) -> None:
        pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
        with Workers(2) as workers:
            frame = decode(blob(file_of(pixels)), DecodeSettings(), workers)
        np.testing.assert_array_equal(frame.pixels, pixels)

    def test_signed_noise_stays_signed(self) -> None:
        pixels = ramp(np.int16) - 20
        frame = read(file_of(pixels))
        assert frame.pixels.dtype == np.float32
        np.testing.assert_array_equal(frame.pixels, pixels)

    def test_unsigned_without_bzero_is_undone(self) -> None:
        pixels = ramp(np.uint16) * 300
        frame = read(file_of(pixels.view(np.int16)))
        np.testing.assert_array_equal(frame.pixels, pixels)

    def test_scaling_and_blank(self) -> None:
        header = _cards(*_structure(16, 17, 12), "BSCALE  = 0.5", "BZERO   = 10.0", "BLANK   = 3")
        frame = read(header.ljust(2880) + ramp(">i2").tobytes())
        expected = 10 + 0.5 * ramp(np.float32)
        assert np.isnan(frame.pixels[0, 3])
        expected[0, 3] = np.nan
        np.testing.assert_array_equal(frame.pixels, expected)

    def test_nan_and_infinity_are_kept(self) -> None:
        pixels = ramp(np.float32)
        pixels[0, :3] = np.nan, np.inf, -np.inf
        np.testing.assert_array_equal(read(file_of(pixels)).pixels, pixels)

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
    def test_colour_either_way_round(self, dtype: Any) -> None:
        rgb = np.arange(5 * 7 * 3).reshape(5, 7, 3).astype(dtype)
        planar = read(file_of(np.ascontiguousarray(np.moveaxis(rgb, -1, 0))))
        np.testing.assert_array_equal(planar.pixels, rgb)
        np.testing.assert_array_equal(read(file_of(rgb)).pixels, rgb)
        assert planar.cfa is None
        assert planar.channels == 3

    def test_degenerate_axes(self) -> None:
        assert read(file_of(ramp(np.uint16)[None, None])).pixels.shape == (12, 17)


def _structure(bitpix: int, width: int, height: int) -> list[str]:
    return ["SIMPLE  =  T", f"BITPIX  = {bitpix}", "NAXIS   = 2", f"NAXIS1  = {width}", f"NAXIS2  = {height}"]


def _cards(*lines: str) -> bytes:
    return b"".join(line.ljust(80).encode() for line in (*lines, "END"))


class TestContainers:
    def test_the_same_pixels_are_recognised_in_every_container(self) -> None:
        pixels = np.random.default_rng(5).integers(0, 4000, (64, 80), dtype=np.uint16)
        plain = file_of(pixels, {"GAIN": 5})
        tiled = as_bytes([fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type="RICE_1")])
        frames = [
            read(plain), read(file_of(pixels)), read(gzip.compress(plain), ".fits.gz"),
            read(zlib.compress(plain), ".fits.z"),
            read(gzip.compress(plain[:3000]) + gzip.compress(plain[3000:]), ".fits.gz"), read(tiled, ".fits.fz"),
            read(tiled + bytes(10_000), ".fits.fz"), read(as_bytes([fits.PrimaryHDU(), fits.ImageHDU(pixels)])),
        ]  # fmt: skip
        for frame in frames:
            np.testing.assert_array_equal(frame.pixels, pixels)
            assert frame.pixels.dtype == np.uint16
        assert len({frame.fingerprint for frame in frames}) == 1
        pixels[1, 1] += 1
        assert read(file_of(pixels)).fingerprint != frames[0].fingerprint

    @pytest.mark.parametrize("compression", ["RICE_1", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1"])
    def test_tile_compression(self, compression: str) -> None:
        pixels = ramp(np.int16, 32, 32)
        frame = read(as_bytes([fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type=compression)]))
        np.testing.assert_array_equal(frame.pixels, pixels)

    def test_an_extension_inherits_the_primary_header(self) -> None:
        primary = fits.PrimaryHDU()
        primary.header.update({"DATE-OBS": "2020-01-02T03:04:05", "GAIN": 1.0})
        image = fits.ImageHDU(ramp(np.uint16))
        image.header["GAIN"] = 2.0
        info = read(as_bytes([primary, image])).info
        assert info.gain_setting == 2.0
        assert info.date_obs == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)

    @pytest.mark.parametrize(("keyword", "value"), [("GCOUNT", 0), ("PCOUNT", 3)])
    def test_groups_and_heaps_of_a_picture_do_not_matter(self, keyword: str, value: int) -> None:
        data = as_bytes([fits.PrimaryHDU(), fits.ImageHDU(ramp(np.uint16))])
        at = data.index(keyword.encode(), 2880)
        changed = data[:at] + f"{keyword:<8}= {value:>20}".encode() + data[at + 30 :]
        np.testing.assert_array_equal(read(changed).pixels, ramp(np.uint16))

    def test_a_table_before_the_picture_is_skipped(self) -> None:
        table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(50))])
        assert read(as_bytes([fits.PrimaryHDU(), table, fits.ImageHDU(ramp(np.uint16))])).pixels.shape == (12, 17)


class TestCfa:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ({"BAYERPAT": "RGGB"}, "RGGB"), ({"BAYERPAT": "rggb "}, "RGGB"), ({"COLORTYP": "GBRG"}, "GBRG"), ({}, None),
            ({"BAYERPAT": "RGGB", "XBAYROFF": 1}, "GRBG"), ({"BAYERPAT": "RGGB", "YBAYROFF": 1}, "GBRG"),
            ({"BAYERPAT": "RGGB", "XBAYROFF": 1, "YBAYROFF": 1}, "BGGR"), ({"BAYERPAT": "RGGB", "XBAYROFF": 2}, "RGGB"),
            ({"BAYERPAT": "RGGB", "ROWORDER": "TOP-DOWN"}, "RGGB"),
            ({"BAYERPAT": "RGGB", "ROWORDER": "BOTTOM-UP"}, "GBRG"),
            ({"BAYERPAT": "NONE"}, None), ({"BAYERPAT": "RGGB", "BAYOFFX": 1}, "GRBG"),
        ],
    )  # fmt: skip
    def test_pattern_at_the_first_stored_pixel(self, header: dict[str, Any], expected: str | None) -> None:
        assert read(file_of(ramp(np.uint16), header)).cfa == expected  # 12 rows: even

    def test_bottom_up_with_an_odd_height_begins_like_the_top(self) -> None:
        header = {"BAYERPAT": "RGGB", "ROWORDER": "BOTTOM-UP"}
        frame = read(file_of(ramp(np.uint16, 11), header))
        assert frame.cfa == "RGGB"
        assert frame.info.bottom_up

    def test_settings_overrule_the_header(self) -> None:
        data = file_of(ramp(np.uint16), {"BAYERPAT": "RGGB"})
        assert read(data, bayer="none").cfa is None
        assert read(data, bayer="BGGR").cfa == "BGGR"

    def test_other_mosaics_are_refused(self) -> None:
        assert reason(file_of(ramp(np.uint16), {"BAYERPAT": "CYGM"})) == "unsupported"

    def test_what_is_no_mosaic_is_told_with_the_remedy(self) -> None:
        data = file_of(ramp(np.uint16), {"BAYERPAT": "GBGR", "INSTRUME": "Test Cam"})
        with pytest.raises(DecodeError, match=r'set decode\.bayer_of\."Test Cam" to RGGB, .* or GBRG'):
            read(data)
        assert read(data, bayer_of={"Test Cam": "GBRG"}).cfa == "GBRG"
        with pytest.raises(DecodeError, match=r"set decode\.bayer to"):
            read(file_of(ramp(np.uint16), {"BAYERPAT": "GBGR"}))


class TestRefusals:
    def test_fault_and_emptiness(self) -> None:
        assert reason(b"") == "empty"
        with pytest.raises(DecodeError, match="unreadable: no such file"):
            decode(blob(b"", fault="no such file"), DecodeSettings())

    @pytest.mark.parametrize("data", [b"Dear diary,\n" * 500, b"\0" * 4000, b"SIMPLETON" * 400, b"<html>"])
    def test_not_a_frame(self, data: bytes) -> None:
        assert reason(data) == "not_a_frame"

    def test_unknown_bytes_of_an_unknown_kind(self) -> None:
        assert reason(b"whatever", ".xyz") == "not_a_frame"

    def test_truncated_tells_how_much_is_missing(self) -> None:
        data = file_of(ramp(np.uint16, 100, 100))
        with pytest.raises(DecodeError) as caught:
            read(data[: 2880 + 5000])
        assert caught.value.reason == "truncated"
        assert caught.value.numbers == {"bytes": 5000, "expected_bytes": 20000, "width": 100, "height": 100}
        assert reason(gzip.compress(data)[:-300], ".fits.gz") == "truncated"
        assert read(data[: 2880 + 20000]).pixels.shape == (100, 100)  # only the padding is missing

    def test_a_claim_of_100000_by_100000_takes_no_memory(self) -> None:
        lie = _cards(*_structure(16, 100_000, 100_000)).ljust(5760)
        assert reason(lie) == "too_large"
        assert reason(gzip.compress(lie), ".fits.gz") == "too_large"
        assert reason(file_of(ramp(np.uint16)), max_megapixels=1e-4) == "too_large"

    def test_a_bomb_is_not_inflated(self) -> None:
        claim = _cards(*_structure(16, 10_000, 10_000))
        assert reason(gzip.compress(claim.ljust(2880)), ".fits.gz") == "too_large"

    def test_damaged_packing(self) -> None:
        pixels = np.random.default_rng(1).integers(0, 60000, (64, 64), dtype=np.uint16)
        packed = bytearray(gzip.compress(file_of(pixels)))
        packed[5000] ^= 0xFF
        assert reason(bytes(packed), ".fits.gz") == "damaged"  # told by the checksum at the end

    def test_no_image(self) -> None:
        table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(50))])
        assert reason(as_bytes([fits.PrimaryHDU(), table])) == "no_image"
        assert reason(file_of(np.arange(50, dtype=np.int16))) == "no_image"

    def test_a_thumbnail_is_not_the_picture(self) -> None:
        small, large = ramp(np.uint8, 30, 40), ramp(np.uint16, 120, 160)
        card = fits.Header({"EXPTIME": 30.0})
        for units in (
            [fits.PrimaryHDU(small), fits.ImageHDU(large, card)],
            [fits.PrimaryHDU(small), fits.CompImageHDU(large, card)],
        ):
            frame = read(as_bytes(units))
            assert (frame.pixels.shape, frame.info.exposure_s) == ((120, 160), 30.0)
        alike = [fits.PrimaryHDU(large), fits.ImageHDU(large + 1)]
        assert read(as_bytes(alike)).pixels.max() == large.max()  # the first of several
        followed = as_bytes([fits.PrimaryHDU(small)]) + b"XTENSION= 'nonsense" + bytes(3000)
        assert read(followed).pixels.shape == (30, 40)
        with pytest.raises(DecodeError, match="truncated"):
            read(as_bytes([fits.PrimaryHDU(small), fits.ImageHDU(large)])[:-20000])

    def test_unsupported_says_what(self) -> None:
        with pytest.raises(DecodeError, match="7 x 6 x 5"):
            read(file_of(np.zeros((5, 6, 7), np.uint16)))
        assert reason(b"\x1f\x9d" + bytes(100), ".fits.z") == "unsupported"

    def test_constant_lights_are_refused_but_constant_biases_are_not(self) -> None:
        flat = np.full((200, 200), 7, np.uint16)
        assert reason(file_of(flat)) == "constant"
        assert reason(file_of(np.full((200, 200), np.nan, np.float32))) == "constant"
        assert read(file_of(flat, {"IMAGETYP": "Bias Frame"})).info.kind == "bias"
        flat[77, 3] = 8  # in none of the sampled rows
        assert read(file_of(flat)).pixels.max() == 8

    @pytest.mark.parametrize("keyword", ["NAXIS", "NAXIS1", "BITPIX"])
    @pytest.mark.parametrize("value", ["'text'", "-5", "T", "1.5", "99999999999999999999", ""])
    def test_nonsense_in_the_structure(self, keyword: str, value: str) -> None:
        data = file_of(ramp(np.uint16))
        start = data.index(keyword.ljust(8).encode())
        broken = data[:start] + f"{keyword:<8}= {value:>20}".encode().ljust(80) + data[start + 80 :]
        assert reason(broken) in ("not_a_frame", "too_large", "truncated", "no_image", "unsupported")

    def test_a_tiled_header_that_would_never_end(self) -> None:
        data = as_bytes([fits.PrimaryHDU(), fits.CompImageHDU(ramp(np.int16))])
        for keyword in (b"TFIELDS", b"ZTILE1 ", b"NAXIS2  =", b"ZNAXIS1"):
            at = data.index(keyword, 2880)
            assert reason(data[: at + 10] + b"            99999999" + data[at + 30 :], ".fits.fz") in (
                "damaged", "too_large", "truncated",
            )  # fmt: skip

    @pytest.mark.parametrize(
        ("said", "instead", "expected"),
        [
            (b"'RICE_1  '", b"'RICE_9  '", "unsupported"),
            (b"ZVAL1   =                   32", b"ZVAL1   =                   31", "damaged"),
            (b"ZVAL2   =                    2", b"ZVAL2   =               100000", "damaged"),
        ],
    )
    def test_parameters_of_tile_compression_are_not_believed(self, said: bytes, instead: bytes, expected: str) -> None:
        data = as_bytes([fits.PrimaryHDU(), fits.CompImageHDU(ramp(np.int16), compression_type="RICE_1")])
        assert data.count(said) == 1
        assert reason(data.replace(said, instead), ".fits.fz") == expected


needs_data = pytest.mark.skipif(not ODD.is_dir(), reason="the folder of real frames is not here")


@needs_data
class TestRealFiles:
    @pytest.mark.slow
    def test_each_odd_file_opens_or_says_why(self) -> None:
        outcomes: Counter[str] = Counter()
        for path in sorted(ODD.iterdir()):
            try:
                read(path.read_bytes(), "".join(path.suffixes[-2:]).lower())
                outcomes["ok"] += 1
            except DecodeError as error:
                outcomes[error.reason] += 1
        assert outcomes == {"ok": 15, "no_image": 22, "constant": 4, "unsupported": 2}

    @pytest.mark.slow
    def test_one_picture_in_five_compressions(self) -> None:
        names = ("m13", "m13_gzip", "m13_hcomp", "m13_plio", "m13_rice")
        assert len({read((ODD / f"{name}.fits").read_bytes()).fingerprint for name in names}) == 1

    def test_pixels_are_those_of_astropy(self) -> None:
        for name in ("m13", "scale", "comp", "test0", "o4sp040b0_raw", "compressed_with_nan"):
            with fits.open(ODD / f"{name}.fits") as units:
                expected = next(unit.data for unit in units if unit.is_image and unit.data is not None)
            np.testing.assert_allclose(read((ODD / f"{name}.fits").read_bytes()).pixels, expected, rtol=1e-6)

    def test_cameras(self) -> None:
        frame = read((DATA / "m27_asi224mc_osc" / "Light_1069.fits").read_bytes())
        assert (frame.pixels.shape, frame.pixels.dtype, frame.cfa) == ((976, 1304), np.uint16, "RGGB")
        assert (frame.info.exposure_s, frame.info.gain_setting) == (6.0, 180.0)
        assert frame.info.scale_arcsec_px == pytest.approx(1.517, abs=1e-3)
        for kind in ("light", "dark", "bias"):
            path = sorted((DATA / "sbig_2713_20181017" / kind).iterdir())[0]
            assert read(path.read_bytes(), ".fit.gz").info.kind == kind
