"""Camera raw files: real ones where they are, and what may be asked without any."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.decode import DECODERS, DecodeSettings, decode
from indistack.decode.camera_raw import CameraRawDecoder, _read
from indistack.errors import DecodeError
from indistack.frame import Blob, RawFrame

RAW = Path(__file__).parents[3].parent / "shared" / "data" / "raw"
needs_data = pytest.mark.skipif(not RAW.is_dir(), reason="the folder of real frames is not here")


def read(data: bytes, suffix: str) -> RawFrame:
    return decode(Blob(data, suffix, "camera", "here", datetime(2026, 1, 1, tzinfo=UTC)), DecodeSettings())


class FakeRaw:
    """What LibRaw tells of a file."""

    num_colors = 3
    color_desc = b"RGBG"

    def __init__(self, pattern: Any, black: list[int], pixels: Any) -> None:
        self.raw_pattern = None if pattern is None else np.array(pattern)
        self.black_level_per_channel = black
        self.raw_image_visible = pixels


def test_unequal_black_levels_are_made_one() -> None:
    pixels = np.full((4, 4), 1000, np.uint16)
    levelled, cfa, black = _read(FakeRaw([[0, 1], [3, 2]], [100, 110, 104, 110], pixels))
    assert (cfa, black) == ("RGGB", 110.0)
    np.testing.assert_array_equal(levelled[:2, :2], [[1010, 1000], [1000, 1006]])
    assert pixels.max() == 1000


def test_other_mosaics_are_refused() -> None:
    for pattern in (np.zeros((6, 6), int), None, [[0, 0], [1, 2]]):
        with pytest.raises(DecodeError, match="unsupported"):
            _read(FakeRaw(pattern, [0, 0, 0, 0], np.zeros((6, 6), np.uint16)))


def test_who_reads_a_tiff() -> None:
    assert CameraRawDecoder.claims(b"II*\0\x10\0\0\0CR\x02\0", ".x")
    assert CameraRawDecoder.claims(b"MM\0*" + bytes(100), ".kdc")
    assert not CameraRawDecoder.claims(b"MM\0*" + bytes(100), ".tif")
    assert "camera_raw" in DECODERS


@pytest.mark.parametrize("suffix", [".cr2", ".nef", ".dng"])
def test_garbage_is_refused(suffix: str) -> None:
    with pytest.raises(DecodeError):
        read(b"II*\0\x10\0\0\0CR\x02\0" + bytes(range(256)) * 20, suffix)
    with pytest.raises(DecodeError):
        read(b"no camera wrote this" * 50, suffix)


@needs_data
def test_a_bayer_dng_keeps_its_values() -> None:
    frame = read((RAW / "colorchart.dng").read_bytes(), ".dng")
    assert (frame.pixels.shape, frame.pixels.dtype, frame.cfa) == ((1156, 1734), np.uint16, "RGGB")
    assert (frame.info.black_adu, frame.info.saturation_adu) == (2056, 15000)
    assert frame.pixels.min() == 1958  # noise below the black level is not cut off


@needs_data
def test_a_linear_dng_is_rgb() -> None:
    frame = read((RAW / "canon_eos_6d.dng").read_bytes(), ".tif")  # told by its tag, not by its suffix
    assert frame.pixels.shape == (816, 1224, 3)
    assert frame.cfa is None
    assert frame.info.gain_setting == 1000
    assert frame.info.exposure_s == pytest.approx(1 / 60)


@needs_data
def test_an_old_kodak() -> None:
    (path,) = RAW.glob("*.KDC")
    frame = read(path.read_bytes(), ".kdc")
    assert (frame.pixels.shape, frame.cfa) == ((512, 768), "GRBG")


@needs_data
def test_truncated_files_do_not_crash() -> None:
    data = (RAW / "colorchart.dng").read_bytes()
    for length in (10, 300, 5000, 100_000):
        with pytest.raises(DecodeError):
            read(data[:length], ".dng")
