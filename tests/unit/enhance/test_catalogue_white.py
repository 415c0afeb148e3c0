"""White by stars whose B-V is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from indistack.catalogue import Catalogue, KnownStars, SkyField, Stars
from indistack.enhance import LookMemory, PictureFacts, PictureSettings, operator_of, render
from indistack.enhance.catalogue_white import CatalogueWhite, catalogue_white
from indistack.enhance.neutral import Neutral
from indistack.fits_header import Wcs
from indistack.picture.linear import StackPicture
from indistack.values.frame import DoubleArray, FloatArray

HEIGHT, WIDTH = 500, 700
SKY = np.array([300.0, 900.0, 600.0])
CAMERA = np.array([0.5, 1.0, 0.6])
"""How sensitive a camera is to red, green and blue."""

WAVES_NM = np.array([600.0, 535.0, 460.0])
SUN = 0.65


def colours_of(b_v: DoubleArray | float) -> DoubleArray:
    """Return red and blue against green of black bodies, ``(..., 3)``; temperatures by Ballesteros (2012)."""
    kelvin = 4600 * (1 / (0.92 * np.asarray(b_v) + 1.7) + 1 / (0.92 * np.asarray(b_v) + 0.62))
    energy = 1.4388e7 / (WAVES_NM * kelvin[..., np.newaxis])
    flux = WAVES_NM**-4 / np.expm1(energy)
    return np.asarray(flux / flux[..., [1]])


def field(n: int, middle: float = SUN, spread: float = 1.0) -> tuple[FloatArray, KnownStars]:
    """Return a picture of stars before a sky of another colour, and the catalogue of them."""
    rng = np.random.default_rng(1)
    xy = rng.uniform(30, (WIDTH - 30, HEIGHT - 30), (n, 2))
    b_v, v_mag = middle + spread * rng.uniform(-0.7, 0.9, n), np.sort(rng.uniform(7, 10, n))
    picture = rng.normal(SKY, 4, (HEIGHT, WIDTH, 3))
    y, x = np.mgrid[-12:13, -12:13]
    for place, mag, colour in zip(xy, v_mag, colours_of(b_v) * CAMERA, strict=True):
        column, row = (int(value) for value in place)
        spot = np.exp(-((x - place[0] + column) ** 2 + (y - place[1] + row) ** 2) / 5)
        picture[row - 12 : row + 13, column - 12 : column + 13] += 10 ** (-0.4 * (mag - 18)) * colour * spot[..., None]
    return picture.astype(np.float32), KnownStars(xy + rng.normal(0, 0.7, xy.shape), v_mag, b_v)


def white_of(picture: FloatArray, known: KnownStars) -> CatalogueWhite | None:
    brightest = np.full(3, 1e9, np.float32)
    return catalogue_white(picture, known, SKY.astype(np.float32), brightest)


def off_mag(gains: FloatArray) -> float:
    """Tell how far the Sun's colours are from white."""
    shown = gains * colours_of(SUN) * CAMERA
    return float(np.abs(2.5 * np.log10(shown / shown[1])).max())


@pytest.mark.parametrize(("n", "allowed"), [(120, 0.03), (12, 0.05), (4, 0.06)])
def test_the_sun_becomes_white(n: int, allowed: float) -> None:
    white = white_of(*field(n))
    assert white is not None
    assert off_mag(white.gains) < allowed
    assert white.error_mag <= 0.05


def test_stars_of_one_colour_tell_it_by_what_cameras_are_like() -> None:
    picture, known = field(8, spread=0.02)
    white = white_of(picture, known)
    assert white is not None
    assert off_mag(white.gains) < 0.05


def test_other_stars_nearby_and_wrong_colours_are_outvoted() -> None:
    picture, known = field(40)
    v_mag, b_v = known.v_mag.copy(), known.b_v.copy()
    v_mag[:6] -= 2.0
    b_v[6:12] += 1.0
    white = white_of(picture, KnownStars(known.xy, v_mag, b_v))
    assert white is not None
    assert off_mag(white.gains) < 0.04


def test_a_star_of_another_brightness_is_another_star() -> None:
    picture, known = field(40)
    v_mag, b_v = known.v_mag.copy(), known.b_v.copy()
    v_mag[::3] += np.linspace(1.5, 4, len(v_mag[::3]))
    b_v[::3] = 1.9 - b_v[::3]
    white = white_of(picture, KnownStars(known.xy, v_mag, b_v))
    assert white is not None
    assert white.n_stars <= 26
    assert off_mag(white.gains) < 0.04


def test_a_star_with_clipped_pixels_is_left_out() -> None:
    picture, known = field(30)
    limit = SKY + 6000.0
    clipped = np.minimum(picture, limit.astype(np.float32))
    white = catalogue_white(clipped, known, SKY.astype(np.float32), limit.astype(np.float32))
    assert white is not None
    assert white.n_stars < 30
    assert off_mag(white.gains) < 0.05


Change = Callable[[FloatArray, KnownStars], tuple[FloatArray, KnownStars]]


def _elsewhere(picture: FloatArray, known: KnownStars) -> tuple[FloatArray, KnownStars]:
    return picture, KnownStars(known.xy[::-1] * 0.8 + 40, known.v_mag, known.b_v)


def _shuffled(picture: FloatArray, known: KnownStars) -> tuple[FloatArray, KnownStars]:
    return picture, KnownStars(known.xy, known.v_mag, np.random.default_rng(0).permutation(known.b_v))


def _two(picture: FloatArray, known: KnownStars) -> tuple[FloatArray, KnownStars]:
    return picture, KnownStars(known.xy[:2], known.v_mag[:2], known.b_v[:2])


def _dark(picture: FloatArray, known: KnownStars) -> tuple[FloatArray, KnownStars]:
    return np.full_like(picture, np.nan), known


@pytest.mark.parametrize("change", [_elsewhere, _shuffled, _two, _dark])
def test_stars_that_tell_nothing_are_not_believed(change: Change) -> None:
    picture, known = field(40)
    assert white_of(picture, known) is not None
    assert white_of(*change(picture, known)) is None


SCALE_DEG = 2.0 / 3600


def sky_of(known: KnownStars, turned_deg: float = 0.0) -> SkyField:
    """Return a place on the sky of a picture whose first row is its top, and its catalogue."""
    angle = math.radians(turned_deg)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    wcs = Wcs(130.0, 20.0, (350.0, 250.0), -SCALE_DEG * turn)
    ra_deg, dec_deg = wcs.to_sky(known.xy).T
    return SkyField(wcs, Catalogue(Stars(ra_deg, dec_deg, known.v_mag, known.b_v)))


def test_neutral_goes_by_the_catalogue_where_it_may() -> None:
    picture, known = field(60, middle=1.0, spread=0.5)
    operator = operator_of("neutral")
    assert isinstance(operator, Neutral)
    grey_world = operator.measure(picture)[1]
    operator.sky = sky_of(known)
    by_catalogue = operator.measure(picture)[1]
    assert off_mag(by_catalogue) < 0.03 < off_mag(grey_world)
    without = operator_of("neutral:catalogue=false")
    assert isinstance(without, Neutral)
    without.sky = operator.sky
    np.testing.assert_array_equal(without.measure(picture)[1], grey_world)


WAYS = [[], ["crop:40,60,20,10"], ["flip:up_down"], ["rotate:90"], ["rotate:31"], ["north_up"]]


@pytest.mark.parametrize("facts", [{}, {"bottom_up": True}, {"orientation": 6}, {"orientation": 3, "bottom_up": True}])
@pytest.mark.parametrize("before", WAYS)
def test_stars_are_found_however_the_picture_is_turned(
    facts: dict[str, Any], before: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    picture, known = field(40)
    settings = PictureSettings.model_validate({"operators": [*before, "neutral"], "max_side_px": 400})
    with caplog.at_level("DEBUG", "indistack.enhance.neutral"):
        shown = render(StackPicture(picture), settings, PictureFacts(sky=sky_of(known, turned_deg=17), **facts))
    (told,) = re.findall(r"white by (\d+) stars", caplog.text)
    assert int(told) >= 12
    assert shown.sky is not None
    assert shown.sky.wcs.scale_arcsec_px == pytest.approx(4.0, rel=2e-3)


def test_a_header_may_be_some_way_off(caplog: pytest.LogCaptureFixture) -> None:
    picture, known = field(40)
    rough = sky_of(known).moved(np.array([[1.02, 0, 22.0], [0, 1.02, -31.0], [0, 0, 1]]))
    with caplog.at_level("DEBUG", "indistack.enhance.neutral"):
        shown = render(StackPicture(picture), PictureSettings(operators=["neutral"]), PictureFacts(sky=rough))
    assert "white by" in caplog.text
    assert shown.sky is not None
    np.testing.assert_allclose(np.sort(shown.sky.stars((HEIGHT, WIDTH)).xy, 0), np.sort(known.xy, 0), atol=2.5)


def test_a_live_picture_keeps_its_place_while_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def look(picture: FloatArray) -> DoubleArray:
        looked.append(picture.shape[0])
        return np.zeros((0, 2))

    monkeypatch.setattr(import_module("indistack.enhance.render"), "star_places", look)
    (picture, known), memory = field(10), LookMemory(0.5)
    for sky in (sky_of(known), sky_of(known), sky_of(known, turned_deg=1.0)):
        render(StackPicture(picture), PictureSettings(operators=[]), PictureFacts(sky=sky), memory)
    assert len(looked) == 2


def test_pictures_without_a_place_are_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "indistack.enhance.neutral"):
        shown = render(StackPicture(field(40)[0]), PictureSettings(operators=["neutral"]))
    assert shown.sky is None
    assert not caplog.text


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turned_deg", [0.0, 17.0, 90.0, 200.0])
def test_north_is_up_and_east_left(turned_deg: float, mirrored: bool) -> None:
    sky = sky_of(KnownStars(), turned_deg)
    sky = sky.moved(np.array([[-1.0, 0, WIDTH - 1], [0, 1, 0], [0, 0, 1]])) if mirrored else sky
    star = sky.wcs.to_sky(np.array([[300.0, 150.0]]))
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    picture[148:153, 298:303] = 100
    shown = render(StackPicture(picture), PictureSettings(operators=["north_up"]), PictureFacts(sky=sky))
    assert shown.sky is not None
    assert shown.sky.north == pytest.approx((0, -1), abs=1e-3)
    assert shown.sky.east == pytest.approx((-1, 0), abs=1e-3)
    ((x, y),) = shown.sky.wcs.to_pixel(star).tolist()
    rows, columns = np.nonzero(shown.pixels[..., 0])
    assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=0.3)


def test_a_picture_that_nobody_has_solved_is_not_turned() -> None:
    picture = field(4)[0]
    np.testing.assert_array_equal(operator_of("north_up")(picture), picture)
