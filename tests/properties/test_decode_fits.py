"""Whatever the bytes: pixels come back as astropy wrote them, or the frame is refused with a reason."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from indistack.decode.value_range import FRACTIONS, FULL_SCALE_ADU, LOST_BZERO
from indistack.errors import DecodeError
from indistack.fits_header import frame_info, header_bytes, parse_cards
from tests.properties.survival import survives
from tests.unit.decode.files import read

SUFFIXES = (".fits", ".fits.gz", ".fits.z", ".fits.fz", ".jpg", ".png", ".tif", ".bin", "")
HEADS = (b"", b"SIMPLE  =", b"\x1f\x8b\x08", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def file_of(pixels: Any) -> bytes:
    unit = fits.PrimaryHDU(pixels)
    unit.header["IMAGETYP"] = "Bias"  # so that equal pixels are no reason to refuse
    out = io.BytesIO()
    unit.writeto(out)
    return out.getvalue()


shapes = st.one_of(
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    st.tuples(st.just(3), st.integers(4, 20), st.integers(4, 20)),
)


@quick
@example(np.array([[3.4028235677973366e38, 1.0]]))
@given(
    arrays.arrays(st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.float32, np.float64]), shapes)
)
def test_round_trip(pixels: Any) -> None:
    frame = read(file_of(pixels))
    expected = np.moveaxis(pixels, 0, -1) if pixels.ndim == 3 else pixels
    if LOST_BZERO in frame.warnings:
        assert pixels.dtype == np.int16
        expected = expected.view(np.uint16)
    scale = FULL_SCALE_ADU if FRACTIONS in frame.warnings else 1
    with np.errstate(over="ignore"):
        held = pixels.astype(frame.pixels.dtype)  # what is too large for it is no number any more
        assert scale == 1 or np.nanmax(held[np.isfinite(held)]) <= 1
        np.testing.assert_array_equal(frame.pixels, expected.astype(frame.pixels.dtype) * np.float32(scale))
    assert frame.fingerprint == read(gzip.compress(file_of(pixels)), ".fits.gz").fingerprint


@quick
@given(st.integers(-5, 5), st.sampled_from([0.0, 1.0, -2.5, 32768.0, 1e6]), st.sampled_from([1.0, 0.5, -3.0]))
def test_scaling(start: int, bzero: float, bscale: float) -> None:
    stored = (np.arange(60).reshape(6, 10) + start).astype(">i2")
    cards = f"BZERO   = {bzero}".ljust(80) + f"BSCALE  = {bscale}".ljust(80)
    head = header_bytes([], 16, stored.shape).decode().rstrip()[:-3] + cards + "END"
    data = head.ljust(2880).encode() + stored.tobytes()
    np.testing.assert_allclose(read(data).pixels, stored * bscale + bzero)


def test_every_truncation_length_of_a_small_file() -> None:
    data = file_of(np.arange(300, dtype=np.uint16).reshape(15, 20))
    complete = 2880 + 600
    for length in [*range(0, 2900, 13), *range(2850, complete + 60)]:
        if length >= complete:
            assert read(data[:length]).pixels.shape == (15, 20)
            continue
        with pytest.raises(DecodeError) as caught:
            read(data[:length])
        assert caught.value.reason == ("empty" if length == 0 else "truncated")


@pytest.mark.parametrize(("suffix", "pack"), [(".fits.gz", gzip.compress), (".fits.z", zlib.compress)])
def test_every_truncation_length_of_a_packed_file(suffix: str, pack: Any) -> None:
    data = pack(file_of(np.random.default_rng(0).integers(0, 999, (15, 20), dtype=np.uint16)))
    for length in range(1, len(data) - 60, 5):
        with pytest.raises(DecodeError) as caught:
            read(data[:length], suffix)
        assert caught.value.reason in ("truncated", "not_a_frame", "no_image")


@quick
@given(
    st.binary(max_size=600),
    st.sampled_from(SUFFIXES),
    st.sampled_from([b"", b"SIMPLE  =", b"\x1f\x8b\x08", b"\xff\xd8\xff"]),
)
def test_garbage(tail: bytes, suffix: str, head: bytes) -> None:
    survives(head + tail, suffix)


@quick
@given(st.data())
def test_a_damaged_file(data: st.DataObject) -> None:
    raw = bytearray(file_of(np.arange(1200, dtype=np.uint16).reshape(30, 40)))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 1000))] = data.draw(st.integers(0, 255))
    survives(bytes(raw), ".fits")


@quick
@given(st.data())
def test_a_damaged_tile_compressed_file(data: st.DataObject) -> None:
    out = io.BytesIO()
    pixels = np.arange(1200, dtype=np.int16).reshape(30, 40)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type="RICE_1")]).writeto(out)
    raw = bytearray(out.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(2880, len(raw) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(raw), ".fits.fz")


@quick
@given(st.binary(max_size=1600))
def test_any_header_gives_facts(block: bytes) -> None:
    info = frame_info(parse_cards(block))
    assert info.kind in ("light", "dark", "flat", "bias", "darkflat")


values = st.one_of(
    st.text(max_size=150),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@quick
@given(st.lists(st.tuples(st.text(max_size=12), values, st.text(max_size=60)), max_size=10))
def test_any_card_gives_a_header_that_astropy_reads(cards: list[Any]) -> None:
    raw = header_bytes(cards, -32, (4, 5))
    assert len(raw) % 2880 == 0
    for card in fits.Header.fromstring(raw).cards:
        card.verify("exception")
        _ = card.value


@quick
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.text("abc XYZ'/&=", max_size=200))
def test_cards_come_back(real: float, whole: int, text: str) -> None:
    raw = header_bytes([("REAL", real, "a"), ("WHOLE", whole % 10**18, "b"), ("TEXT", text, "c")], -32, (4, 5))
    told = {key: value for key, value, _ in parse_cards(raw)}
    assert told["REAL"] == real
    assert told["WHOLE"] == whole % 10**18
    assert len(text) > 60 or told["TEXT"] == text.rstrip()
