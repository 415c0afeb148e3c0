"""Whatever the bytes: a picture or raw file opens as it was stored, or is refused with a reason."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from indistack.decode.exif import exif_facts
from indistack.errors import DecodeError
from tests.properties.survival import survives
from tests.unit.decode.files import read
from tests.unit.decode.pictures import encoded, jpeg_with, png_with
from tests.unit.decode.tiffs import ASCII, RATIONAL, SHORT, Tags, deflate, dng, file_of, picture, tiff

quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIXELS = np.random.default_rng(2).integers(0, 65536, (18, 26), dtype=np.uint16)
RGB = np.random.default_rng(3).integers(0, 256, (18, 26, 3), dtype=np.uint8)
GENERAL: Tags = {271: (ASCII, "Canon"), 272: (ASCII, "EOS"), 274: (SHORT, [6])}
SHOT: Tags = {33434: (RATIONAL, [30.0]), 34855: (SHORT, [1600]), 36867: (ASCII, "2024:08:10 22:30:05")}
BLOCK = file_of(b"", GENERAL, SHOT)

FILES = {
    ".dng": dng(PIXELS, "RGGB", GENERAL, SHOT),
    ".tif": picture(PIXELS, tags=GENERAL, exif=SHOT),
    ".tiff": tiff(RGB, [RGB[:9], RGB[9:]], rows=9, pack=deflate, order=">", big=True),
    ".jpg": jpeg_with(encoded(".jpg", cv2.GaussianBlur(RGB, (9, 9), 3)), BLOCK),
    ".png": png_with(encoded(".png", RGB), b"eXIf", BLOCK),
}
LZW = encoded(".tif", RGB, cv2.IMWRITE_TIFF_COMPRESSION, 5)


stored = st.one_of(
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)),
)


@quick
@given(
    arrays.arrays(st.sampled_from([np.uint8, np.uint16, np.int16, np.uint32, np.float32]), stored),
    st.sampled_from("<>"),
    st.booleans(),
    st.integers(1, 20),
    st.booleans(),
)
def test_tiff_round_trip(pixels: Any, order: str, big: bool, rows: int, packed: bool) -> None:
    strips = [pixels[top : top + rows] for top in range(0, len(pixels), rows)]
    data = tiff(pixels, strips, rows=rows, order=order, big=big, pack=deflate if packed else None)
    finite = pixels[np.isfinite(pixels)]
    if finite.size == 0 or finite.min() == finite.max():
        with pytest.raises(DecodeError, match="constant"):
            read(data, ".tif")
        return
    frame = read(data, ".tif")
    factor = 65535 if frame.warnings else 1
    expected = pixels.astype(frame.pixels.dtype)
    if pixels.dtype == np.int16 and pixels.min() >= 0:
        expected = pixels.astype(np.uint16)
    np.testing.assert_array_equal(frame.pixels, expected * np.array(factor, expected.dtype))


@pytest.mark.parametrize("suffix", FILES)
def test_every_truncation_is_refused(suffix: str) -> None:
    data = FILES[suffix]
    needed = len(data) - (200 if suffix in (".dng", ".tif", ".tiff") else 0)  # the facts come last there
    for length in range(0, needed, 1 if suffix != ".dng" else 3):
        with pytest.raises(DecodeError) as caught:
            read(data[:length], suffix)
        assert caught.value.reason in ("empty", "truncated", "not_a_frame", "unsupported", "damaged")


@pytest.mark.parametrize("suffix", [*FILES, ".lzw"])
@quick
@given(st.data())
def test_damaged_bytes(suffix: str, data: st.DataObject) -> None:
    raw = bytearray(FILES.get(suffix, LZW))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(raw), suffix)


@quick
@given(
    st.binary(max_size=400),
    st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"\xff\xd8\xff\xe1\0\x90Exif\0\0II*\0", b"FUJIFILMCCD-RAW",
                     b"IIRO", b"\0MRM", b"\0\0\0\x18ftypcrx ", b"II\x1a\0\0\0HEAPCCDR", b"\x89PNG\r\n\x1a\n"]),
    st.sampled_from([".dng", ".tif", ".jpg", ".CR2", ""]),
)  # fmt: skip
def test_garbage(tail: bytes, head: bytes, suffix: str) -> None:
    survives(head + tail, suffix)
    exif_facts(memoryview(head + tail))


@quick
@given(st.data())
def test_a_damaged_block_of_facts_refuses_no_picture(data: st.DataObject) -> None:
    block = bytearray(BLOCK)
    for _ in range(data.draw(st.integers(1, 6))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    frame = read(jpeg_with(encoded(".jpg", RGB), bytes(block)), ".jpg")
    assert frame.info.orientation in range(1, 9)
    assert frame.info.exposure_s is None or frame.info.exposure_s > 0
