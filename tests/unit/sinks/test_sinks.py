"""Files that the stack is published in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.fits_header import StackFacts, output_cards
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import SINKS, Snapshot
from indistack.sinks.fits import has_maps
from indistack.sinks.jpeg import QUALITY, encoded, restart_blocks
from indistack.system.atomic import atomic_file
from indistack.values.frame import FrameInfo

START = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)


def snapshot(channels: int, preview: Preview | None = None) -> Snapshot:
    shape = (70, 50) if channels == 1 else (70, 50, 3)
    pixels = np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)
    weight = np.ones((70, 50), np.float32)
    weight[3, 4] = 0
    header = (("BAYERPAT", "RGGB", ""), ("OBJECT", "M 31", "target"), ("CRVAL1", 10.5, "WCS"))
    facts = StackFacts(300.0, 10, "mean", "1.0", START, START, ["dark.fits"], ["align: asterism"])
    cards = output_cards(FrameInfo(header=header, exposure_s=30.0), facts)
    return Snapshot(StackPicture(pixels, weight), cards, False, preview)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_fits_file_is_linear_and_says_what_is_in_it(tmp_path: Path, channels: int) -> None:
    stack = snapshot(channels)
    SINKS.get("fits")().write(tmp_path / "stack.fits", stack)
    with fits.open(tmp_path / "stack.fits") as hdus:
        hdus.verify("exception")
        header, data = hdus[0].header, hdus[0].data
        assert header["BITPIX"] == -32
        pixels = stack.picture.rows(slice(None))
        expected = pixels if channels == 1 else np.moveaxis(pixels, 2, 0)
        assert np.isnan(data[..., 3, 4]).all()
        np.testing.assert_array_equal(data, expected)
    assert (header["EXPTIME"], header["NCOMBINE"], header["STACKCNT"]) == (300.0, 10, 10)
    assert (header["OBJECT"], header["CRVAL1"]) == ("M 31", 10.5)
    assert "BAYERPAT" not in header
    assert header["DATE-OBS"] == "2024-01-06T21:30:05.000"


def test_a_fits_without_maps_keeps_the_small_coverage(tmp_path: Path) -> None:
    small = StackPicture(np.full((35, 25), 7, np.float32))
    maps = {"COVERAGE": StackPicture(np.ones((70, 50), np.float32)), "WEIGHT": StackPicture(np.ones((70, 50)))}
    for name, stack in (("small", {}), ("whole", maps)):
        path = tmp_path / f"{name}.fits"
        SINKS.get("fits")().write(path, replace(snapshot(1), maps=stack, coverage=small))
        with fits.open(path) as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus[1:]] == (list(stack) or ["COVERAGE"])
            assert hdus["COVERAGE"].shape == ((70, 50) if stack else (35, 25))
        assert has_maps(path) == bool(stack)


def test_maps_are_extensions_of_the_fits_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    maps = {
        "COVERAGE": StackPicture(rng.integers(0, 60000, (70, 50), np.uint16)),
        "WEIGHT": StackPicture(rng.random((70, 50, 3)).astype(np.float32)),
    }
    SINKS.get("fits")().write(tmp_path / "stack.fits", replace(snapshot(3), maps=maps))
    with fits.open(tmp_path / "stack.fits") as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "COVERAGE", "WEIGHT"]
        assert hdus["COVERAGE"].data.dtype == np.dtype(">f4")
        np.testing.assert_array_equal(hdus["COVERAGE"].data, maps["COVERAGE"].pixels)
        np.testing.assert_array_equal(np.moveaxis(hdus["WEIGHT"].data, 0, 2), maps["WEIGHT"].pixels)


def test_the_png_file_has_the_colours_of_the_preview(tmp_path: Path) -> None:
    picture = np.zeros((8, 9, 3), np.uint8)
    picture[..., 0] = 200
    SINKS.get("png")().write(tmp_path / "stack.png", snapshot(3, Preview(picture)))
    blue, _, red = cv2.imread(str(tmp_path / "stack.png"))[0, 0]
    assert (red, blue) == (200, 0)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "stack.fits"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="stop"), atomic_file(path) as file:
        file.write(b"new, but not all of it")
        raise ValueError("stop")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("shape", "blocks"),
    [((40, 6000, 3), 25), ((40, 6016, 3), 8), ((40, 6000), 50), ((40, 16 * 383, 3), 1), ((4, 4), 1)],
)
def test_every_row_of_blocks_of_a_jpeg_begins_with_a_marker(shape: tuple[int, ...], blocks: int) -> None:
    assert restart_blocks(shape) == blocks
    assert -(-shape[1] // (16 if len(shape) == 3 else 8)) % blocks == 0


def test_markers_change_nothing_of_a_jpeg(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (70, 50, 3)).astype(np.uint8)
    SINKS.get("jpeg")().write(tmp_path / "stack.jpg", snapshot(3, Preview(pixels)))
    data = (tmp_path / "stack.jpg").read_bytes()
    assert data.count(b"\xff\xd0") >= 1
    plain = cv2.imdecode(np.frombuffer(encoded(pixels, QUALITY), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.imread(str(tmp_path / "stack.jpg")), plain)
