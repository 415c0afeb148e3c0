"""A camera that was held upright: the sub and the stack keep its pixel grid, the picture for people is turned."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from tests.pipeline.night import make_sky
from tests.unit.decode.tiffs import SHORT, picture


def pictures(folder: Path, orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """Stack two subs that say how the camera was held; return the FITS and the PNG."""
    sky = make_sky(drift_px_per_sub=(2.5, 1.5))
    folder.mkdir()
    for number in range(2):
        pixels = np.ascontiguousarray(sky.expose().pixels)
        (folder / f"sub{number}.tif").write_bytes(picture(pixels, tags={274: (SHORT, [orientation])}))
    outputs = ["-o", str(folder / "m.fits"), "--png", str(folder / "m.png")]
    assert main(["stack", str(folder / "*.tif"), *outputs, "--set", "decode.bayer=none"]) == 0
    return fits.getdata(folder / "m.fits"), cv2.imread(str(folder / "m.png"), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(("orientation", "turns"), [(6, -1), (8, 1), (3, 2)])
def test_the_png_is_turned_and_the_fits_is_not(tmp_path: Path, orientation: int, turns: int) -> None:
    stack, shown = pictures(tmp_path / "level", 1)
    turned_stack, turned = pictures(tmp_path / "turned", orientation)
    np.testing.assert_array_equal(turned_stack, stack)
    difference = turned.astype(int) - np.rot90(shown, turns)  # sky and white are measured in other pixels
    assert np.abs(difference).max() <= 8
    assert np.abs(difference.mean()) < 3
