"""The default look of scenes that are no plain field of stars: nobody has to set anything for them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.enhance import PictureSettings, operator_of, render
from indistack.enhance.base import MeasuringOperator
from indistack.enhance.gradient import gradient_of
from indistack.enhance.scene import scene_of
from indistack.enhance.sky import thinned
from indistack.picture.linear import StackPicture
from indistack.values.frame import FloatArray

HEIGHT, WIDTH = 400, 600
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
OFF = np.hypot(X - 320, Y - 190)
RAW = np.array([0.55, 1.0, 0.7], np.float32)
"""What a camera's filters leave of white light."""


def light(*planes: FloatArray) -> FloatArray:
    return np.stack(planes, axis=2).astype(np.float32)


def stars(count: int = 250, brightest: float = 60_000) -> FloatArray:
    rng, plane = np.random.default_rng(5), np.zeros((HEIGHT, WIDTH), np.float32)
    places = rng.integers(10, (HEIGHT - 10, WIDTH - 10), (count, 2))
    np.add.at(plane, tuple(places.T), brightest * rng.uniform(0.05, 1, count) ** 2)
    white = cv2.GaussianBlur(plane, (0, 0), 1.4)
    return light(white, white, white)


def clouds(seed: int) -> FloatArray:
    waves = np.fft.rfft2(np.random.default_rng(seed).normal(size=(HEIGHT, WIDTH)))
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, np.newaxis] * HEIGHT / WIDTH, np.fft.rfftfreq(WIDTH))
    frequency[0, 0] = np.inf
    cloud = np.fft.irfft2(waves / frequency**1.6, (HEIGHT, WIDTH))
    return np.asarray(cloud / cloud.std(), np.float32)


def raw(colours: FloatArray, sky: float = 800, noise: float = 5) -> FloatArray:
    """A stack as a camera without a white balance gives it."""
    dirt = np.random.default_rng(9).normal(0, noise, colours.shape)
    return np.asarray(colours * RAW + sky * RAW + dirt + 300, np.float32)


def shown(picture: FloatArray) -> FloatArray:
    return render(StackPicture(picture), PictureSettings()).pixels.astype(np.float32) / 255


def test_a_sky_lit_by_the_moon_is_not_the_moon() -> None:
    glow = 8 * X + 5 * Y
    picture = raw(stars() + light(0.7 * glow, 0.9 * glow, 1.3 * glow), sky=9000)
    assert scene_of(picture) == "deepsky"
    np.testing.assert_allclose(np.median(shown(picture), axis=(0, 1)), 0.12, atol=0.015)


def test_the_circle_of_a_fisheye_is_no_body_and_its_corners_are_no_sky() -> None:
    circle = cv2.GaussianBlur((np.hypot(X - 300, Y - 200) < 190).astype(np.float32), (0, 0), 1.5)
    picture = np.where(circle[..., np.newaxis] > 0.5, raw(stars()), 300).astype(np.float32)
    picture += np.random.default_rng(2).normal(0, 2, picture.shape).astype(np.float32)
    assert scene_of(picture) in ("wide", "deepsky")
    result = shown(picture)
    assert np.median(result[:20, :20]) < 0.02
    assert np.median(result[np.hypot(X - 300, Y - 200) < 150]) == pytest.approx(0.12, abs=0.03)


def test_a_dark_rim_of_a_fisheye_does_not_make_its_corners_bright() -> None:
    off = np.hypot(X - 300, Y - 200) / 185
    lens = (1 - 0.5 * off**2).clip(0, 1) * cv2.GaussianBlur((off < 1).astype(np.float32), (0, 0), 2)
    result = shown((raw(stars()) - 300) * lens[..., np.newaxis] + 300)
    assert result[:20, :20].max() < 0.05
    assert np.median(result[100:-100, 200:-200]) == pytest.approx(0.12, abs=0.03)


def test_the_glow_above_a_landscape_has_no_dark_patches() -> None:
    line = 280 + 35 * np.sin(X / 60)
    glow = 900 * np.exp(-np.clip(line - Y, 0, None) / 90)
    sky = raw(stars() + light(1.3 * glow, glow, 0.7 * glow), noise=1)
    picture = np.where((line < Y)[..., np.newaxis], raw(light(X, X, X) / 60, sky=30, noise=1), sky).astype(np.float32)
    smooth = cv2.medianBlur(shown(picture).mean(axis=2), 5)
    above = line - 10 > Y
    assert smooth[above].min() > 0.04
    assert np.median(smooth[above & (line - 25 < Y)]) > np.median(smooth[:60]) + 0.1


def test_a_landscape_is_not_taken_for_the_sky() -> None:
    ground = 290 + 20 * np.sin(X / 60) < Y
    town = light(X, X, X)  # beside an even sky it would be told by its level alone
    picture = np.where(ground[..., np.newaxis], raw(town / 60, sky=30), raw(stars() + town)).astype(np.float32)
    result = shown(picture)
    assert np.median(result[:240]) == pytest.approx(0.12, abs=0.02)
    assert np.median(result[340:]) < 0.02


def test_a_dark_cloud_before_the_stars_is_no_ground() -> None:
    sky = 500 * np.clip(1.5 + clouds(4), 0.2, 3)
    picture = raw(stars() + light(sky, sky, sky))
    assert np.quantile(shown(picture), 0.02) > 0.05


def test_a_mosaic_that_is_taken_for_grey_has_a_dark_sky() -> None:
    colours = raw(stars(), sky=2000)
    mosaic = colours[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = colours[::2, ::2, 0], colours[1::2, 1::2, 2]
    assert shown(mosaic).mean() < 0.2


@pytest.mark.parametrize("pixels", [100, 1000, 5000, 20_000, 100_000])
def test_what_is_measured_of_a_mosaic_has_all_its_colours(pixels: int) -> None:
    mosaic = (X % 2 + 2 * (Y % 2)).astype(np.float32)
    assert set(np.unique(thinned(mosaic, pixels))) == {0, 1, 2, 3}


def test_knots_of_a_bright_nebula_do_not_tell_what_is_white() -> None:
    nebula = 20_000 * np.exp(-OFF / 60) * np.exp(0.4 * clouds(7))
    picture = raw(stars() + light(1.7 * nebula, 0.6 * nebula, 0.9 * nebula))
    operator = operator_of("neutral")
    assert isinstance(operator, MeasuringOperator)
    np.testing.assert_allclose(operator.measure(picture)[1], RAW[1] / RAW, rtol=0.08)


def test_a_galaxy_among_hardly_any_stars_is_not_green() -> None:
    galaxy = 3000 * np.exp(-OFF / 20)
    result = shown(raw(light(1.1 * galaxy, galaxy, 0.85 * galaxy)))
    core = result[OFF < 10].mean(axis=0)
    assert core[1] < core[0] + 0.02


def test_a_raw_planet_is_not_green_and_a_small_ones_sky_is_black() -> None:
    disk = 15_000 * cv2.GaussianBlur((OFF < 14).astype(np.float32), (0, 0), 1.5)
    uneven = X / 2
    picture = raw(light(1.1 * disk, disk, 0.8 * disk) + light(uneven, uneven, uneven), sky=60)
    assert scene_of(picture) == "planet"
    result = shown(picture)
    body = result[OFF < 8].mean(axis=0)
    assert body[1] <= max(body[0], body[2]) + 0.01
    assert np.median(result) < 0.03


def test_a_crescent_before_a_bright_sky_is_the_moon() -> None:
    lit = (OFF < 50) & (np.hypot(X - 300, Y - 185) > 50)
    crescent = 20_000 * cv2.GaussianBlur(lit.astype(np.float32), (0, 0), 1)
    dusk = 12 * Y
    picture = raw(light(crescent, crescent, crescent) + light(1.2 * dusk, dusk, dusk), sky=3000, noise=30)
    assert scene_of(picture) == "planet"
    assert np.quantile(shown(picture)[lit], 0.9) < 0.95


def test_a_planet_of_some_pixels_is_no_star() -> None:
    def globe(radius_px: float) -> FloatArray:
        disk = np.sqrt(np.clip(1 - (np.hypot(X - 320, 1.2 * (Y - 190)) / radius_px) ** 2, 0, 1))
        return cv2.GaussianBlur(disk.astype(np.float32), (0, 0), 1).astype(np.float32)

    planet = 9000 * globe(9)
    assert scene_of(raw(light(1.2 * planet, planet, 0.7 * planet), sky=50)) == "planet"
    overexposed = np.minimum(raw(light(*[400_000 * globe(9)] * 3) + stars(brightest=400_000)), 60_000)
    assert scene_of(overexposed) == "deepsky"
    star = 90_000 * np.exp(-(OFF**2) / (2 * 4.0**2))
    assert scene_of(raw(light(star, star, star), sky=50)) == "deepsky"


def test_the_moon_is_not_bluish_in_raw_colours_and_neptune_stays_blue_in_balanced_ones() -> None:
    disk = 15_000 * cv2.GaussianBlur((OFF < 60).astype(np.float32), (0, 0), 1.5)
    moon = shown(raw(light(disk, disk, disk), sky=60))[OFF < 40].mean(axis=0)
    assert np.ptp(moon) < 0.03
    balanced = light(0.6 * disk, 0.95 * disk, disk) + np.random.default_rng(3).normal(60, 5, (*X.shape, 3))
    neptune = shown(balanced.astype(np.float32))[OFF < 40].mean(axis=0)
    assert neptune[2] > neptune[0] + 0.2


@pytest.mark.parametrize("colour", [(1, 0.6, 0.35), (1, 0.9, 0.72), (1, 0.88, 0.62)])  # Mars, Jupiter, Saturn
def test_raw_planets_have_about_their_own_colour(colour: tuple[float, float, float]) -> None:
    disk = 15_000 * cv2.GaussianBlur((OFF < 40).astype(np.float32), (0, 0), 1.5)
    seen = shown(raw(light(*(part * disk for part in colour)), sky=60))[OFF < 25].mean(axis=0) ** 1.2
    np.testing.assert_allclose(seen / seen[0], colour, atol=0.2)


def test_the_moon_in_the_shadow_of_the_earth_is_red() -> None:
    disk = 1500 * cv2.GaussianBlur((OFF < 60).astype(np.float32), (0, 0), 1.5)
    red, green, blue = shown(raw(light(1.8 * disk, 0.7 * disk, 0.35 * disk), sky=60))[OFF < 40].mean(axis=0)
    assert red < 0.98
    assert red > green + 0.15 > blue + 0.3


def test_what_fills_a_deep_stack_is_not_burnt_and_keeps_its_colour() -> None:
    nebula = 4000 * np.clip(clouds(3) + 0.5, 0, None)
    result = shown(raw(stars() + light(1.6 * nebula, 0.05 * nebula, 0.05 * nebula), noise=3))
    assert np.quantile(result.max(axis=2), 0.9) < 0.97
    bright = result[result.mean(axis=2) > np.quantile(result.mean(axis=2), 0.8)]
    assert np.median(bright[:, 1]) < 0.2
    assert np.quantile(result.mean(axis=2), 0.2) == pytest.approx(0.12, abs=0.03)


def test_a_small_bright_thing_leaves_the_contrast_to_the_rest() -> None:
    plain, with_galaxy = (raw(stars() + light(*[galaxy * np.exp(-OFF / 8)] * 3)) for galaxy in (0, 20_000))
    np.testing.assert_allclose(shown(with_galaxy)[:60], shown(plain)[:60], atol=0.05)


def test_a_comet_has_no_dark_ring_round_its_coma() -> None:
    levels = (1000 + 8000 / (1 + (OFF / 9) ** 1.5) + 500 / (1 + (OFF / 40) ** 2))[::10, ::10]
    model = gradient_of(levels[..., np.newaxis].astype(np.float32), 1.0)
    assert np.ptp(model) < 30


def test_nebula_stays_where_a_vignette_goes() -> None:
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 40), np.linspace(-0.375, 0.375, 30))
    vignette = 800 / (1 + ((u**2 + v**2) / 0.36)) ** 2
    nebula = 150 * np.clip(cv2.resize(clouds(31), (40, 30), interpolation=cv2.INTER_AREA) + 0.3, 0, None)
    levels = 1000 + vignette + nebula + np.random.default_rng(1).normal(0, 2, u.shape)
    left = levels - gradient_of(levels[..., np.newaxis].astype(np.float32), 2.0)[..., 0]
    parts = np.stack([nebula.ravel(), vignette.ravel(), np.ones(nebula.size)], axis=1)
    kept, rest, _ = np.linalg.lstsq(parts, left.ravel(), rcond=None)[0]
    assert kept > 0.85
    assert abs(rest) < 0.1


def test_a_clipped_star_among_others_is_no_planet() -> None:
    core = 1e7 / (3 * np.pi) / (1 + OFF**2 / 6) ** 2.2
    picture = np.minimum(raw(stars(brightest=9000) + light(core, core, core)), 60_000)
    assert scene_of(picture) == "deepsky"


def milky_way(peaks_px: float) -> tuple[FloatArray, FloatArray]:
    """The Milky Way above a lit horizon, with so high peaks, and where the ground is."""
    band = 500 * np.exp(-(((X * 0.5 + Y * 0.87 - 300) / 80) ** 2))
    glow = 400 * np.exp((Y - 280) / 60)
    sky = stars(700, 4000) + light(band + 1.5 * glow, band + glow, band + 0.5 * glow) + 150
    ground = 280 + peaks_px * np.sin(X / (90 - 2 * peaks_px)) < Y
    return np.where(ground[..., np.newaxis], raw(sky * 0 + 12, sky=0), raw(sky, sky=0)).astype(np.float32), ground


def test_ground_is_told_from_a_dark_sky_beside_the_milky_way() -> None:
    picture, ground = milky_way(8)
    assert np.median(shown(picture)[ground]) < 0.02


def test_the_edge_of_a_landscape_tells_nothing_of_what_is_white() -> None:
    gains = operator_of("neutral").measure(milky_way(15)[0])[1]  # type: ignore[attr-defined]
    np.testing.assert_allclose(gains, 1 / RAW, rtol=0.02)


def test_the_corners_of_a_strong_vignette_are_as_dark_as_the_rest() -> None:
    lens = 1 / (1 + 0.9 * (((X - 300) / 300) ** 2 + ((Y - 200) / 300) ** 2)) ** 2
    galaxy = 500 * np.exp(-OFF / 25)
    result = shown(raw((stars(60, 3000) + light(galaxy, galaxy, galaxy) + 1500) * lens[..., np.newaxis], sky=0))
    for corner in (result[:12, :12], result[-12:, :12], result[:12, -12:], result[-12:, -12:]):
        assert np.median(corner) == pytest.approx(0.12, abs=0.08)
