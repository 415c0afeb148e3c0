"""What every decoder promises."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from indistack.decode import DECODERS
from indistack.errors import DecodeError
from indistack.values.frame import Card
from tests.properties.survival import survives
from tests.unit.decode.files import fits_file, read, xisf_file
from tests.unit.decode.tiffs import dng

PIXELS = np.random.default_rng(1).integers(0, 60000, (48, 64), dtype=np.uint16)
CARDS = (("NAXIS1", 64, ""), ("NAXIS2", 48, ""), ("BITPIX", 16, ""))


def png(pixels: Any) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


SAMPLES: dict[str, tuple[bytes, str, tuple[Card, ...]]] = {
    "bin": (PIXELS.tobytes(), ".bin", CARDS),
    "camera_raw": (dng(PIXELS, "RGGB"), ".dng", ()),
    "fits": (fits_file(PIXELS), ".fits", ()),
    "raster": (png(PIXELS), ".png", ()),
    "xisf": (xisf_file(PIXELS), ".xisf", ()),
}
"""A small file of each: `PIXELS`, its suffix, what the camera told beside it."""

each_decoder = pytest.mark.parametrize("name", list(DECODERS))


@each_decoder
def test_its_sample_is_its_own_and_comes_back(name: str) -> None:
    assert name in SAMPLES, "a new decoder needs a small file of its format here"
    data, suffix, cards = SAMPLES[name]
    asked = [other for other in DECODERS.ranked() if DECODERS.get(other).claims(data[:4096], suffix)]
    assert asked[0] == name
    assert suffix in DECODERS.get(name).suffixes
    frame = read(data, suffix, cards)
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert frame.info.exposure_s is None or frame.info.exposure_s > 0


@each_decoder
def test_a_file_that_ends_anywhere_is_a_frame_or_refused(name: str) -> None:
    """Every length in the head and near the end, and many between."""
    data, suffix, cards = SAMPLES[name]
    lengths = {*range(300), *range(300, len(data), 61), *range(len(data) - 20, len(data))}
    for length in sorted(lengths):
        survives(data[:length], suffix, cards)


@each_decoder
def test_bytes_that_are_no_frame_are_refused(name: str) -> None:
    rng = np.random.default_rng(2)
    data, _, _ = SAMPLES[name]
    for suffix in sorted(DECODERS.get(name).suffixes):
        survives(rng.bytes(500), suffix)
        survives(data[:16] + rng.bytes(500), suffix)


@each_decoder
def test_more_pixels_than_allowed_are_refused_before_they_are_read(name: str) -> None:
    data, suffix, cards = SAMPLES[name]
    with pytest.raises(DecodeError) as caught:
        read(data, suffix, cards, max_megapixels=0.001)
    assert caught.value.reason == "too_large"


@each_decoder
def test_a_frame_that_finds_no_memory_is_not_called_a_bad_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, suffix, cards = SAMPLES[name]

    def full(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(DECODERS.get(name), "decode", full)
    with pytest.raises(DecodeError) as caught:
        read(data, suffix, cards)
    assert caught.value.reason == "no_memory"
