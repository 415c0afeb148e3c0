"""WCS cards as a tangent plane and on another grid, against astropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from indistack.fits_header import Wcs, header_bytes, moved_cards, read_wcs, with_wcs
from indistack.values.frame import Card

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")  # of old forms, which we read, too

TAN: dict[str, Any] = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 299.9, "CRVAL2": 22.7, "CRPIX1": 652.0, "CRPIX2": 488.5,
}  # fmt: skip
LINEAR: dict[str, dict[str, Any]] = {
    "CD": {"CD1_1": -2e-4, "CD1_2": 3.6e-4, "CD2_1": 3.6e-4, "CD2_2": 2e-4},
    "PC": {"CDELT1": -4e-4, "CDELT2": 4.2e-4, "PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8},
    "old PC": {"CDELT1": -4e-4, "CDELT2": 4e-4, "PC001001": 0.8, "PC001002": -0.6, "PC002001": 0.6, "PC002002": 0.8},
    "CROTA": {"CDELT1": 4.2e-4, "CDELT2": 4.2e-4, "CROTA1": 303.1, "CROTA2": 303.1},
    "steps": {"CDELT1": -4e-4, "CDELT2": 4e-4},
}
SIP = {"A_ORDER": 2, "A_2_0": 1e-6, "A_1_1": -2e-6, "B_ORDER": 2, "B_0_2": 3e-6, "AP_ORDER": 1, "AP_1_0": 1e-5}
GRIDS = {
    "same": np.eye(3),
    "half": np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]]),
    "double": np.array([[2.0, 0, 0.5], [0, 2, 0.5], [0, 0, 1]]),
    "grown": np.array([[1.0, 0, 120], [0, 1, 33], [0, 0, 1]]),
    "turned": np.array([[0.6, -0.8, 700], [0.8, 0.6, -10], [0, 0, 1]]),
}
POINTS = np.array([[0.0, 0.0], [1303.0, 0.0], [640.0, 480.0], [1303.0, 975.0]])


def cards(**values: Any) -> tuple[Card, ...]:
    return tuple((keyword, value, "") for keyword, value in values.items())


def astropys(header: tuple[Card, ...]) -> WCS:
    return WCS(fits.Header.fromstring(header_bytes(header, -32, (976, 1304))))


def moved(points: np.ndarray[Any, Any], grid: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return points @ grid[:2, :2].T + grid[:2, 2]


@pytest.mark.parametrize("kind", LINEAR)
def test_pixels_on_the_sky_as_astropy_has_them(kind: str) -> None:
    header = cards(**TAN, **LINEAR[kind])
    wcs = read_wcs(header)
    assert wcs is not None
    expected = astropys(header).all_pix2world(POINTS, 0)
    np.testing.assert_allclose(wcs.to_sky(POINTS), expected, atol=1e-10)
    np.testing.assert_allclose(wcs.to_pixel(expected), POINTS, atol=1e-6)
    np.testing.assert_allclose(astropys(wcs.cards()).all_pix2world(POINTS, 0), expected, atol=1e-10)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("kind", LINEAR)
def test_moved_cards_show_the_same_sky(kind: str, grid: str) -> None:
    header = cards(**TAN, **LINEAR[kind])
    after = astropys(moved_cards(header, GRIDS[grid]))
    expected = astropys(header).all_pix2world(POINTS, 0)
    np.testing.assert_allclose(after.all_pix2world(moved(POINTS, GRIDS[grid]), 0), expected, atol=1e-9)
    wcs = read_wcs(header)
    assert wcs is not None
    np.testing.assert_allclose(wcs.moved(GRIDS[grid]).to_sky(moved(POINTS, GRIDS[grid])), expected, atol=1e-9)


@pytest.mark.parametrize("grid", ["same", "half", "double", "grown"])
def test_distortion_is_kept_on_a_scaled_grid(grid: str) -> None:
    header = cards(**{**TAN, "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}, **LINEAR["CD"], **SIP)
    after = astropys(moved_cards(header, GRIDS[grid]))
    expected = astropys(header).all_pix2world(POINTS, 0)
    np.testing.assert_allclose(after.all_pix2world(moved(POINTS, GRIDS[grid]), 0), expected, atol=1e-9)
    assert np.abs(expected - astropys(header).wcs_pix2world(POINTS, 0)).max() > 1e-5  # it does distort


def test_distortion_is_left_out_on_a_turned_grid() -> None:
    header = cards(**{**TAN, "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}, **LINEAR["CD"], **SIP)
    after = moved_cards(header, GRIDS["turned"])
    assert not {card[0] for card in after} & set(SIP)
    assert astropys(after).wcs.ctype[0] == "RA---TAN"


def test_a_projection_of_another_kind_is_moved_too() -> None:
    header = cards(**{**TAN, "CTYPE1": "RA---ZEA", "CTYPE2": "DEC--ZEA"}, **LINEAR["CD"])
    after = astropys(moved_cards(header, GRIDS["half"]))
    expected = astropys(header).all_pix2world(POINTS, 0)
    np.testing.assert_allclose(after.all_pix2world(moved(POINTS, GRIDS["half"]), 0), expected, atol=1e-9)


def test_pixel_sizes_follow_the_grid() -> None:
    header = cards(XPIXSZ=4.0, PIXSIZE1=4.0, SCALE=1.5, SECPIX1=1.5, FOCALLEN=500.0, PIXSCALE="unknown")
    after = {keyword: value for keyword, value, _ in moved_cards(header, GRIDS["half"])}
    expected = {"XPIXSZ": 8.0, "PIXSIZE1": 8.0, "SCALE": 3.0, "SECPIX1": 3.0, "FOCALLEN": 500.0, "PIXSCALE": "unknown"}
    assert after == expected


def test_a_colour_cube_has_the_same_wcs() -> None:
    header = moved_cards(cards(WCSAXES=2, **TAN, **LINEAR["CD"]), np.eye(3))
    cube = WCS(fits.Header.fromstring(header_bytes(header, -32, (3, 976, 1304))))
    expected = astropys(cards(**TAN, **LINEAR["CD"])).all_pix2world(POINTS, 0)
    np.testing.assert_allclose(cube.celestial.all_pix2world(POINTS, 0), expected, atol=1e-9)
    assert cube.wcs.get_pc()[2, 2] * cube.wcs.get_cdelt()[2] == 1.0


@pytest.mark.parametrize(
    "nonsense",
    [
        {"CTYPE1": "WAVE"}, {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN"}, {"CRVAL1": "east"}, {"CRVAL2": 95.0},
        {"CDELT1": 0.0}, {"CDELT1": 1e-9, "CDELT2": 1e-9}, {"CDELT1": 30.0, "CDELT2": 30.0}, {"CD1_1": 1.0},
        {"PC1_1": 1.0, "PC1_2": 1.0, "PC2_1": 1.0, "PC2_2": 1.0},
    ],
)  # fmt: skip
def test_nonsense_is_no_wcs(nonsense: dict[str, Any]) -> None:
    assert read_wcs(cards(**{**TAN, **LINEAR["steps"], **nonsense})) is None
    assert read_wcs(cards(**TAN, **LINEAR["steps"])) is not None


def test_another_wcs_takes_the_place_of_all_old_cards() -> None:
    old = cards(OBJECT="M27", EQUINOX=2000, SCALE=9.0, SECPIX2=9.0, **TAN, **LINEAR["CROTA"], **SIP)
    wcs = Wcs(10.0, 20.0, (99.0, 49.0), np.diag([-1e-3, 1e-3]))
    after = with_wcs(old, wcs)
    table = {keyword: value for keyword, value, _ in after}
    assert len(table) == len(after)
    assert (table["OBJECT"], table["CRVAL1"], table["CRPIX1"]) == ("M27", 10.0, 100.0)
    assert (table["CDELT1"], table["CDELT2"]) == (pytest.approx(-1e-3), pytest.approx(1e-3))
    assert table["SCALE"] == pytest.approx(3.6)
    assert not {"CROTA1", "CROTA2", "A_ORDER", "SECPIX2", "EQUINOX"} & set(table)
