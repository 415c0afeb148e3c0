"""Small files that claim much, or keep a decoder busy: refused before they cost time or memory."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.decode import hdus, unpack
from indistack.system.helpers import Helpers
from indistack.tile_compression import TileReader, client
from tests.unit.decode.files import fits_file, read, xisf_xml
from tests.unit.decode.pictures import chunk, encoded, png_with, refusal
from tests.unit.decode.tiffs import tiff

PIXELS = np.random.default_rng(1).integers(100, 200, (48, 64)).astype(np.int16)
ZEROS = bytes(1_000_000)
IMAGE = '<Image geometry="8:4:1" sampleFormat="UInt8" location="attachment:4096:32">{}</Image>'
EMPTY_UNIT = b"".join(
    line.ljust(80)
    for line in (b"XTENSION= 'IMAGE   '", b"BITPIX  =                    8", b"NAXIS   =                    0", b"END")
).ljust(2880)


def header(*cards: str) -> bytes:
    """A primary header."""
    lines = ["SIMPLE  =                    T", "BITPIX  =                   16", *cards, "END"]
    text = "".join(line.ljust(80) for line in lines)
    return text.ljust(-(-len(text) // 2880) * 2880).encode()


def sized(width: int, height: int) -> bytes:
    """A primary header of a picture."""
    return header("NAXIS   =                    2", f"NAXIS1  = {width:20d}", f"NAXIS2  = {height:20d}")


def as_bytes(units: list[Any]) -> bytes:
    out = io.BytesIO()
    fits.HDUList(units).writeto(out)
    return out.getvalue()


class TestRatio:
    """A file of zeros is refused by what it claims, not after it was inflated."""

    def test_gzip(self) -> None:
        data = gzip.compress(sized(14_000, 10_000)) + gzip.compress(ZEROS) * 280
        assert refusal(data, ".fits.gz").reason == "too_large"

    def test_png(self) -> None:
        plain = encoded(".png", np.arange(100, dtype=np.uint16).reshape(10, 10))
        body = b"\0\0\x36\xb0\0\0\x27\x10\x10\0\0\0\0"  # 14000 x 10000
        data = png_with(plain[:8] + chunk(b"IHDR", body) + plain[33:], b"tEXt", bytes(280_000))
        assert refusal(data, ".png").reason == "too_large"

    def test_xisf(self) -> None:
        packed = zlib.compress(ZEROS).ljust(280_000)
        body = (
            f'<Image geometry="14000:10000:1" sampleFormat="UInt16" location="attachment:4096:{len(packed)}"'
            f' compression="zlib:280000000"/>'
        )
        assert refusal(xisf_xml(body, packed), ".xisf").reason == "too_large"

    def test_noiseless_frames_of_simulators_are_taken(self) -> None:
        pixels = np.zeros((3000, 4000), np.uint16)
        pixels[5, 7] = 9
        assert read(gzip.compress(fits_file(pixels)), ".fits.gz").pixels[5, 7] == 9


class TestGzipMembers:
    def test_empty_ones_without_number_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(unpack, "MAX_MEMBERS", 10)
        data = gzip.compress(sized(100, 100)) + 20 * gzip.compress(b"")
        error = refusal(data, ".fits.gz")
        assert (error.reason, "members" in error.detail) == ("damaged", True)

    def test_a_file_in_many_is_one(self) -> None:
        plain = fits_file(PIXELS)
        data = b"".join(gzip.compress(plain[at : at + 50]) for at in range(0, len(plain), 50))
        np.testing.assert_array_equal(read(data, ".fits.gz").pixels, PIXELS)

    def test_what_was_given_out_stays_as_it_was(self) -> None:
        source = unpack.open_source(gzip.compress(bytes(range(256)) * 4000))
        first = source.view(0, 256)
        source.view(0, 1_000_000)
        assert bytes(first) == bytes(range(256))


class TestFitsHeaders:
    @pytest.mark.parametrize("suffix", [".fits", ".fits.gz"])
    def test_units_without_number_are_not_looked_through(self, suffix: str) -> None:
        plain = header("NAXIS   =                    0") + EMPTY_UNIT * (hdus.MAX_UNITS + 10)
        error = refusal(gzip.compress(plain) if suffix == ".fits.gz" else plain, suffix)
        assert (error.reason, error.numbers["units"]) == ("too_large", hdus.MAX_UNITS)

    def test_many_large_headers_are_not_read(self) -> None:
        cards = b"COMMENT nothing".ljust(80) * 36 * 600
        unit = EMPTY_UNIT[:240] + cards + b"END".ljust(2880 - 240)
        error = refusal(header("NAXIS   =                    0") + unit * 10)
        assert (error.reason, error.numbers["units"] < 6) == ("too_large", True)

    def test_a_small_picture_before_them_is_taken(self) -> None:
        data = as_bytes([fits.PrimaryHDU(), fits.ImageHDU(PIXELS)]) + EMPTY_UNIT * (hdus.MAX_UNITS + 10)
        np.testing.assert_array_equal(read(data).pixels, PIXELS)

    def test_a_text_that_goes_on_for_ever_is_cut(self) -> None:
        data = header(
            "NAXIS   =                    2", "NAXIS1  =                    4", "NAXIS2  =                    2",
            "OBJECT  = 'x&'", *["CONTINUE  '" + 60 * "y" + "&'"] * 20_000,
        )  # fmt: skip
        frame = read(data + bytes(range(16)))
        assert 5000 < max(len(str(value)) for _, value, _ in frame.info.header) < 20_000


class TestXisfHeaders:
    @pytest.mark.parametrize("body", ["<a>" * 200 + "</a>" * 200, "<a/>" * 200_001], ids=["deep", "many"])
    def test_elements_without_number_or_bottom_are_refused(self, body: str) -> None:
        error = refusal(xisf_xml(body + IMAGE.format(""), bytes(range(32))), ".xisf")
        assert (error.reason, "elements" in error.detail) == ("damaged", True)

    def test_texts_of_keywords_are_cut(self) -> None:
        body = IMAGE.format(f'<FITSKeyword name="OBJECT" value="{"x" * 1_000_000}"/>').replace("4096", "01000000")
        pixels = bytes(range(32))
        at = len(xisf_xml(body))
        frame = read(xisf_xml(body.replace("01000000", f"{at:08d}"), pixels), ".xisf")
        assert max(len(str(value)) for _, value, _ in frame.info.header) == 10_000


class TestPngChunks:
    def test_texts_profiles_and_further_pictures_are_not_handed_to_the_library(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pixels = np.arange(100, dtype=np.uint8).reshape(10, 10)
        plain = encoded(".png", pixels)
        given = []
        decode = __import__("cv2").imdecode
        monkeypatch.setattr("cv2.imdecode", lambda data, flags: given.append(bytes(data)) or decode(data, flags))
        data = png_with(png_with(plain, b"zTXt", b"a\0\0" + zlib.compress(ZEROS)), b"acTL", bytes(8))
        np.testing.assert_array_equal(read(data, ".png").pixels, pixels)
        assert set(re.findall(rb"IHDR|IDAT|IEND|zTXt|acTL", given[0])) == {b"IHDR", b"IDAT", b"IEND"}


class TestTiffPieces:
    def test_more_than_any_picture_has_are_refused(self) -> None:
        pixels = np.ones((25_001, 8), np.uint8)
        assert refusal(tiff(pixels, list(pixels), rows=1), ".tif").reason == "damaged"
        assert refusal(tiff(pixels[:-2], list(pixels[:-2]), rows=1), ".tif").reason == "constant"


def with_tile(compression: str, column: str, tile: bytes) -> bytes:
    """A compressed FITS of one tile, which is `tile`, in a column of this name."""
    plain = as_bytes([fits.PrimaryHDU(), fits.CompImageHDU(PIXELS, compression_type=compression, tile_shape=(48, 64))])
    with fits.open(io.BytesIO(plain), disable_image_compression=True) as units:
        cards = units[1].header.copy()
    data = np.array([[len(tile), 0]], ">i4").tobytes() + tile
    cards["PCOUNT"], cards["TTYPE1"], cards["TFORM1"] = len(tile), column, f"1PB({len(tile)})"
    if not column.startswith("COMPRESSED"):
        cards["TFIELDS"], cards["NAXIS1"] = 2, 16
        cards["TTYPE2"], cards["TFORM2"] = "COMPRESSED_DATA", "1PB(0)"
        data = data[:8] + bytes(8) + tile
    head = fits.PrimaryHDU().header.tostring() + cards.tostring()
    return head.encode() + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


class TestTiles:
    @pytest.mark.parametrize(
        ("compression", "column"),
        [("GZIP_1", "COMPRESSED_DATA"), ("GZIP_2", "COMPRESSED_DATA"), ("RICE_1", "GZIP_COMPRESSED_DATA")],
    )
    def test_one_that_inflates_without_end_costs_only_the_frame(self, compression: str, column: str) -> None:
        bomb = with_tile(compression, column, gzip.compress(ZEROS) * 250)
        assert refusal(bomb, ".fits.fz").reason == "too_large"

    def test_one_as_long_as_it_should_be_is_read(self) -> None:
        frame = read(with_tile("GZIP_1", "COMPRESSED_DATA", gzip.compress(PIXELS.astype(">i2").tobytes())), ".fits.fz")
        np.testing.assert_array_equal(frame.pixels, PIXELS)

    def test_the_process_is_kept_for_the_next_file_after_one_that_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tiles = TileReader()
        monkeypatch.setattr("indistack.decode.tiled._TILES", tiles)
        refusal(with_tile("GZIP_1", "COMPRESSED_DATA", gzip.compress(ZEROS) * 250), ".fits.fz")
        (process,) = tiles._idle
        read(with_tile("GZIP_1", "COMPRESSED_DATA", gzip.compress(PIXELS.astype(">i2").tobytes())), ".fits.fz")
        assert tiles._idle == [process]
        tiles.close()

    def test_its_process_may_take_as_much_as_its_pixels_need(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[dict[str, int]] = []

        def ask(_self: Helpers, task: dict[str, int], data: memoryview) -> tuple[dict[str, Any], Any]:
            asked.append(task)
            return {}, np.zeros(len(data))

        monkeypatch.setattr(Helpers, "ask", ask)
        TileReader().read(bytes(1000), 2_000_000)
        assert asked == [{"spare_bytes": client.SPARE_BYTES + 4000 + 48_000_000}]
