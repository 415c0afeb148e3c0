"""Files as they leave the camera: formats, compression, damage."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import rawpy
from astropy.io import fits

from simulators.delivery import compressed, damaged, encode
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.scenario import Scenario
from simulators.upload import next_path

SCENARIO = Scenario(width_px=96, height_px=64, personality="dslr", gain_setting=800.0)


def exposure(scenario: Scenario = SCENARIO, region_px: tuple[int, int, int, int] | None = None) -> Exposure:
    return Observatory(scenario).expose(index=0, region_px=region_px)


def test_a_dslr_gives_fits_dng_and_jpeg() -> None:
    made = exposure()
    assert encode(SCENARIO, made).data == made.to_fits()
    with rawpy.imread(io.BytesIO(encode(SCENARIO, made, native=True).data)) as raw:
        np.testing.assert_array_equal(raw.raw_image_visible, made.pixels)
    assert encode(SCENARIO, made, native=True, jpeg=True).suffix == ".jpg"


def test_jpeg_mode_in_fits_is_a_cube_of_three_planes_of_eight_bits() -> None:
    with fits.open(io.BytesIO(encode(SCENARIO, exposure(), jpeg=True).data)) as hdus:
        assert hdus[0].data.shape == (3, 64, 96)
        assert hdus[0].header["BITPIX"] == 8
        assert "BAYERPAT" not in hdus[0].header


def test_a_dng_of_a_region_begins_with_the_right_colour() -> None:
    payload = encode(SCENARIO, exposure(region_px=(1, 0, 64, 48)), native=True)
    with rawpy.imread(io.BytesIO(payload.data)) as raw:
        assert "".join("RGBG"[number] for number in raw.raw_pattern.reshape(-1)) == "GRBG"


def test_a_cmos_camera_gives_bare_pixels() -> None:
    scenario = Scenario(width_px=96, height_px=64)
    made = exposure(scenario)
    payload = encode(scenario, made, native=True)
    assert payload.suffix == ".bin"
    np.testing.assert_array_equal(np.frombuffer(payload.data, "<u2").reshape(64, 96), made.pixels)


@pytest.mark.parametrize("scheme", ["fz", "z"])
def test_compression_loses_nothing(scheme: str) -> None:
    scenario = Scenario(width_px=320, height_px=240)
    made = exposure(scenario)
    packed = compressed(encode(scenario, made), scheme)
    assert packed.suffix == f".fits.{scheme}"
    assert packed.size_bytes == len(made.to_fits()) > len(packed.data)
    data = zlib.decompress(packed.data) if scheme == "z" else packed.data
    with fits.open(io.BytesIO(data)) as hdus:
        np.testing.assert_array_equal(hdus[-1].data, made.pixels)
        assert hdus[-1].header["BAYERPAT"] == "RGGB"


def test_other_files_are_not_compressed() -> None:
    payload = encode(SCENARIO, exposure(), native=True)
    assert compressed(payload, "fz") is payload


def test_a_cut_file_is_a_beginning_of_the_whole_one() -> None:
    scenario = SCENARIO.with_changes(events=[{"kind": "truncated", "sub": 3, "fraction": 0.25}])
    whole = encode(scenario, exposure())
    cut = damaged(whole, scenario, 3)
    assert cut.data == whole.data[: len(whole.data) // 4]
    assert cut.size_bytes == len(cut.data)
    assert damaged(whole, scenario, 2) is whole


def test_corruption_changes_bytes_the_same_way_each_time() -> None:
    scenario = SCENARIO.with_changes(events=[{"kind": "corrupted", "sub": 0, "part": 0.02}])
    whole = encode(scenario, exposure())
    spoilt = damaged(whole, scenario, 0)
    changed = np.frombuffer(spoilt.data, np.uint8) != np.frombuffer(whole.data, np.uint8)
    # Of 255 in 256 of the bytes written, some on the same place; the first block is hit twice.
    assert 0.015 < changed[2880:].mean() <= 0.02
    assert changed[:2880].any()
    assert damaged(whole, scenario, 0) == spoilt


def test_saved_files_are_numbered_on(tmp_path: Path) -> None:
    assert next_path(tmp_path, "m27_XXX", ".fits").name == "m27_001.fits"
    for name in ("m27_007.fits", "m31_020.fits", "m27_x.fits"):
        (tmp_path / name).touch()
    assert next_path(tmp_path, "m27_XXX", ".fits").name == "m27_008.fits"
    assert next_path(tmp_path, "fixed", ".dng").name == "fixed.dng"
