"""Camera raw files, as frames; real ones are in the golden tests."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.decode.camera_raw import CameraRawDecoder, _info, is_raw_tiff
from indistack.libraw import SensorFacts
from tests.unit.decode.files import read
from tests.unit.decode.pictures import refusal
from tests.unit.decode.tiffs import ASCII, LONG, RATIONAL, SHORT, directory, dng, file_of, picture

PIXELS = np.random.default_rng(1).integers(500, 16_000, (48, 64), dtype=np.uint16)
CAMERA: dict[int, tuple[int, Any]] = {271: (ASCII, "Canon"), 272: (ASCII, "Canon EOS 6D")}
SHOT: dict[int, tuple[int, Any]] = {
    33434: (RATIONAL, [30.0]),
    34855: (SHORT, [1600]),
    36867: (ASCII, "2024:08:10 22:30:05"),
    36881: (ASCII, "+02:00"),
    37521: (ASCII, "50"),
}


def test_a_bayer_dng_with_all_its_facts() -> None:
    tags = CAMERA | {50714: (LONG, [512]), 50717: (LONG, [15_000]), 50728: (RATIONAL, [0.5, 1.0, 0.8])}
    frame = read(dng(PIXELS, "GRBG", tags, SHOT), ".dng")
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert frame.cfa == "GRBG"
    info = frame.info
    assert (info.black_adu, info.saturation_adu, info.linear) == (512, 15_000, True)
    assert (info.exposure_s, info.gain_setting, info.camera) == (30.0, 1600.0, "Canon EOS 6D")
    assert info.date_obs == datetime(2024, 8, 10, 20, 30, 5, 500_000, tzinfo=UTC)
    assert info.white_balance == pytest.approx((2.0, 1.0, 1.25))
    assert [card[:2] for card in info.header] == [("INSTRUME", "Canon EOS 6D"), ("ISOSPEED", 1600.0)]


def test_mono_and_rgb() -> None:
    assert (read(dng(PIXELS), ".dng").channels, read(dng(PIXELS), ".dng").pixels.shape) == (1, (48, 64))
    rgb = read(dng(np.dstack([PIXELS] * 3)), ".dng")
    assert (rgb.channels, rgb.cfa, rgb.pixels.shape) == (3, None, (48, 64, 3))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_stay_as_recorded_however_the_camera_was_held(orientation: int) -> None:
    frame = read(dng(PIXELS, "RGGB", {274: (SHORT, [orientation])}), ".dng")
    np.testing.assert_array_equal(frame.pixels, PIXELS)
    assert (frame.cfa, frame.info.orientation) == ("RGGB", orientation)


def test_without_exif_libraws_facts_count() -> None:
    facts = SensorFacts("RGGB", 100.0, 0.0, None, 6, 800.0, 2.5, "2020-01-02T03:04:05")
    info = _info(facts, {"camera": "X"})
    assert (info.exposure_s, info.gain_setting, info.camera, info.orientation) == (2.5, 800, "X", 6)
    assert info.date_obs == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert info.saturation_adu == np.inf
    assert _info(facts, {"exposure_s": 3.0}).exposure_s == 3.0


def test_a_sensor_without_light_is_refused() -> None:
    assert refusal(dng(np.zeros((48, 64), np.uint16), "RGGB"), ".dng").reason == "constant"


def test_foveon_is_named() -> None:
    error = refusal(b"FOVb" + bytes(1000), ".x3f")
    assert error.reason == "unsupported"
    assert "Foveon" in error.detail


def test_who_reads_a_tiff() -> None:
    assert CameraRawDecoder.claims(b"II*\0\x10\0\0\0CR\x02\0", ".x")
    assert CameraRawDecoder.claims(b"MM\0*" + bytes(100), ".kdc")
    assert not CameraRawDecoder.claims(b"MM\0*" + bytes(100), ".tif")
    inner = directory({262: (SHORT, [32803])}, 16)
    nested = file_of(inner, {330: (LONG, [16])})
    assert is_raw_tiff(memoryview(nested))
    assert CameraRawDecoder.claims(nested, ".tif")
    assert not is_raw_tiff(memoryview(picture(PIXELS)))
    assert not is_raw_tiff(memoryview(nested[:20]))


def test_content_goes_before_suffix() -> None:
    for suffix in (".tif", ".FIT", ""):
        assert read(dng(PIXELS, "RGGB"), suffix).cfa == "RGGB"


@pytest.mark.parametrize("suffix", [".cr2", ".nef", ".dng"])
def test_garbage_is_refused(suffix: str) -> None:
    assert refusal(b"II*\0\x10\0\0\0CR\x02\0" + bytes(range(256)) * 20, suffix).reason == "unsupported"
    assert refusal(b"no camera wrote this" * 50, suffix).reason == "unsupported"


NIGHT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from indistack.decode import DecodeSettings, decode
from indistack.values.blob import Blob, Content
from indistack.indi import IndiClient

def raw():
    data = Path(sys.argv[1]).read_bytes()
    decode(Blob(Content(data), ".dng", "", "", datetime.now(UTC)), DecodeSettings())

def indi():
    with IndiClient("127.0.0.1", 9) as client:
        assert client.get(60) is not None

steps = {"raw": raw, "indi": indi}
for step in sys.argv[2:]:
    steps[step]()
maps = Path("/proc/self/maps").read_text()
assert "libraw" not in maps and "libgomp" not in maps, "LibRaw or OpenMP has come into the agent's process"
"""


@pytest.mark.parametrize("steps", [("raw", "indi", "raw"), ("indi", "raw", "indi")])
def test_raw_files_and_other_processes_in_any_order(steps: tuple[str, ...], tmp_path: Path) -> None:
    """OpenMP's threads never start in the agent, so nothing that is started later can inherit them half alive."""
    path = tmp_path / "a.dng"
    path.write_bytes(dng(PIXELS, "RGGB"))
    subprocess.run([sys.executable, "-c", NIGHT, str(path), *steps], check=True, timeout=120)
