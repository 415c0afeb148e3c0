"""Where a published picture is on the sky, and what the catalogue knows there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indistack.catalogue import Catalogue, Stars, write
from indistack.enhance import PictureSettings
from indistack.fits_header import Wcs
from indistack.output.sky import sky_of
from indistack.output.snapshots import with_preview
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot
from indistack.sinks.png import PngSink
from indistack.values.frame import DoubleArray, FloatArray

HEIGHT, WIDTH = 480, 640
WCS = Wcs(130.0, 19.7, (320.0, 240.0), np.array([[-0.001, 0.0002], [-0.0002, -0.001]]))
XY = np.random.default_rng(5).uniform(40, (WIDTH - 40, HEIGHT - 40), (25, 2))
B_V = np.linspace(0.1, 1.4, len(XY))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    ra_deg, dec_deg = WCS.to_sky(XY).T
    path = tmp_path / "c.npz"
    write(path, Catalogue(Stars(ra_deg, dec_deg, np.linspace(7, 10, len(XY)), B_V)))
    return path


def stars_at(xy: DoubleArray, height: int, width: int) -> FloatArray:
    picture = np.random.default_rng(6).normal((300, 900, 600), 4, (height, width, 3))
    y, x = np.mgrid[-8:9, -8:9]
    for place, mag, b_v in zip(xy, np.linspace(7, 10, len(xy)), B_V, strict=True):
        column, row = (int(value) for value in place)
        spot = 10 ** (-0.4 * (mag - 18)) * np.exp(-((x - place[0] + column) ** 2 + (y - place[1] + row) ** 2) / 4)
        colour = 10 ** (-0.4 * np.array([-0.5 * b_v, 0, 0.7 * b_v]))
        picture[row - 8 : row + 9, column - 8 : column + 9] += spot[..., np.newaxis] * colour
    return picture.astype(np.float32)


def test_a_header_with_a_wcs_is_a_place(catalogue: Path) -> None:
    snapshot = Snapshot(StackPicture(np.zeros((HEIGHT, WIDTH), np.float32)), WCS.cards(), False)
    sky = sky_of(snapshot, PictureSettings(catalogue=str(catalogue)))
    assert sky is not None
    seen = sky.stars((HEIGHT, WIDTH))
    np.testing.assert_allclose(np.sort(seen.xy[:, 0]), np.sort(XY[:, 0]), atol=0.05)


def test_the_header_tells_of_the_whole_stack_where_its_picture_is_binned(catalogue: Path) -> None:
    picture = StackPicture(np.zeros((HEIGHT // 4, WIDTH // 4), np.float32))
    snapshot = Snapshot(picture, WCS.cards(), False, size=(HEIGHT, WIDTH))
    sky = sky_of(snapshot, PictureSettings(catalogue=str(catalogue)))
    assert sky is not None
    assert sky.wcs.scale_arcsec_px == pytest.approx(4 * WCS.scale_arcsec_px)
    seen = sky.stars(picture.shape)
    np.testing.assert_allclose(np.sort(seen.xy[:, 0]), np.sort((XY[:, 0] + 0.5) / 4 - 0.5), atol=0.05)


def test_a_place_is_known_without_a_catalogue_too() -> None:
    snapshot = Snapshot(StackPicture(np.zeros((HEIGHT, WIDTH), np.float32)), WCS.cards(), False)
    sky = sky_of(snapshot, PictureSettings(catalogue=""))
    assert sky is not None
    assert len(sky.catalogue.stars) == 0


def test_without_a_wcs_there_is_no_place() -> None:
    snapshot = Snapshot(StackPicture(np.zeros((HEIGHT, WIDTH), np.float32)), (), False)
    assert sky_of(snapshot, PictureSettings()) is None


@pytest.mark.parametrize("camera", [None, (2.0, 1.0, 1.5)])
def test_the_picture_goes_by_the_catalogue(
    catalogue: Path, caplog: pytest.LogCaptureFixture, camera: tuple[float, float, float] | None
) -> None:
    picture = StackPicture(stars_at(XY, HEIGHT, WIDTH))
    settings = PictureSettings(catalogue=str(catalogue), operators=["deepsky"])
    with caplog.at_level("DEBUG", "indistack.enhance.neutral"):
        shown = with_preview(Snapshot(picture, WCS.cards(), False, white_balance=camera), settings, [PngSink()])
    assert "stars of the catalogue: B-V to 0.0" in caplog.text
    assert shown.preview is not None
    assert shown.preview.sky is not None
