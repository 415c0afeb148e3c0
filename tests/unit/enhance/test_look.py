"""The default look: what it makes of skies, nebulae, stars and planets that are made up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indistack.enhance import PictureFacts, PictureSettings, operator_of, render
from indistack.enhance.looks import LOOKS
from indistack.enhance.render import words_for
from indistack.enhance.scene import scene_of
from indistack.enhance.sky import measure_sky
from indistack.picture.crop import WHOLE, Part, well_covered
from indistack.picture.linear import StackPicture
from indistack.settings import validate
from indistack.values.frame import FloatArray

SHAPE = HEIGHT, WIDTH = 300, 400
U, V = np.meshgrid(np.linspace(-0.5, 0.5, WIDTH), np.linspace(-0.5, 0.5, HEIGHT))
GRADIENT = 60 * U + 30 * V


def noise(sigma: float, channels: int = 3) -> FloatArray:
    shape = SHAPE if channels == 1 else (*SHAPE, channels)
    return np.random.default_rng(3).normal(0, sigma, shape).astype(np.float32)


def stars(count: int, flux: float) -> FloatArray:
    rng = np.random.default_rng(5)
    plane = np.zeros(SHAPE, np.float32)
    places = rng.integers(10, (HEIGHT - 10, WIDTH - 10), (count, 2))
    np.add.at(plane, tuple(places.T), flux * rng.uniform(0.1, 1, count))
    return cv2.GaussianBlur(plane, (0, 0), 1.5)


def shown(picture: FloatArray) -> FloatArray:
    return render(StackPicture(picture), PictureSettings()).pixels.astype(np.float32) / 255


def test_a_gradient_goes_and_the_mean_sky_stays() -> None:
    sky = noise(5, 1) + 1000
    flat = operator_of("background")((sky + GRADIENT).astype(np.float32))
    assert np.std(cv2.blur(flat - sky, (9, 9))) < 1
    assert np.mean(flat) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("width", [1072, 1199, 1210])
def test_the_gradient_is_taken_off_where_it_lies_in_pictures_of_any_size(width: int) -> None:
    y, x = np.mgrid[:800, :width].astype(np.float32)
    bowl = 1000 / (1 + ((x - width / 2) ** 2 + (y - 400) ** 2) / 900**2) ** 2
    left = operator_of("background")(
        (500 + bowl + np.random.default_rng(1).normal(0, 1, bowl.shape)).astype(np.float32)
    )
    for half in (left, left.T):
        low, high = (np.median(part) for part in (half[:200], half[-200:]))
        assert abs(low - high) < 0.6


def test_half_the_strength_takes_half_the_gradient() -> None:
    flat = operator_of("background:0.5")((noise(1, 1) + 1000 + GRADIENT).astype(np.float32))
    assert np.ptp(cv2.blur(flat, (15, 15))) == pytest.approx(np.ptp(GRADIENT) / 2, rel=0.1)


@pytest.mark.parametrize("sigma", [2, 15])
def test_a_nebula_over_most_of_the_field_is_not_eaten(sigma: float) -> None:
    nebula = 100 * np.clip(1.2 - np.hypot(U, V) / 0.4, 0, 1)
    assert (nebula > 0).mean() > 0.6
    picture = (1000 + GRADIENT + nebula + noise(sigma, 1)).astype(np.float32)
    taken = picture - operator_of("background")(picture) - GRADIENT
    taken -= taken[nebula == 0].mean()
    assert taken[nebula > 0].sum() < 0.05 * nebula.sum()


def test_no_dark_halo_round_a_galaxy() -> None:
    galaxy = 3000 * np.exp(-np.hypot(U, V) / 0.03)
    picture = (1000 + GRADIENT + galaxy + noise(3, 1)).astype(np.float32)
    rest = cv2.GaussianBlur(operator_of("background")(picture) - galaxy.astype(np.float32), (0, 0), 6)
    assert rest[HEIGHT // 4 : -HEIGHT // 4, WIDTH // 4 : -WIDTH // 4].min() > np.median(rest) - 1.5


@pytest.mark.parametrize("sigma", [3, 30])
def test_the_sky_is_as_dark_with_much_noise_as_with_little(sigma: float) -> None:
    picture = (noise(sigma) + (300, 900, 600) + stars(150, 60_000)[..., np.newaxis]).astype(np.float32)
    sky = np.median(shown(picture), axis=(0, 1))
    np.testing.assert_allclose(sky, 0.12, atol=0.01)


def test_colour_noise_goes_and_brightness_stays() -> None:
    picture = (noise(20) + 500 + stars(80, 60_000)[..., np.newaxis] * (1.2, 1, 0.6)).astype(np.float32)
    quiet = operator_of("colour_noise")(picture)
    np.testing.assert_allclose(quiet.mean(axis=2), picture.mean(axis=2), atol=0.05)
    difference = quiet[..., 0] - quiet[..., 1]
    assert 1.4826 * np.median(np.abs(difference - np.median(difference))) < 0.25 * 20 * 2**0.5
    bright = picture.min(axis=2) > 900
    np.testing.assert_allclose(quiet[bright], picture[bright], rtol=0.03)


def test_stars_keep_their_colour_and_clipped_ones_are_white() -> None:
    light = stars(60, 30_000)[..., np.newaxis] * (1.3, 1, 0.7)
    light[100:110, 100:110] = 100_000
    picture = operator_of("neutral")(np.minimum(light * (0.5, 1, 0.8), 4000).astype(np.float32) + noise(2) + 200)
    result = operator_of("stretch")(picture)
    core = picture[103:107, 103:107]
    assert np.ptp(core, axis=2).max() < 0.02 * core.max()
    assert np.ptp(result[103:107, 103:107], axis=2).max() < 0.02
    lit = operator_of("stretch")(
        (light * (light.max(axis=2, keepdims=True) < 3000)).astype(np.float32) + noise(2) + 200
    )
    star = (lit.mean(axis=2) > 0.5) & (lit.mean(axis=2) < 0.9)
    assert np.median(np.ptp(lit[star], axis=1)) > 0.05


def disk(radius: float, bands: float = 0.1) -> FloatArray:
    plane = np.where(np.hypot(U * WIDTH, V * HEIGHT) < radius, 150 * (1 + bands * np.sin(V * HEIGHT / 3)), 0)
    return (cv2.GaussianBlur(plane, (0, 0), 1.5)[..., np.newaxis] * (1, 0.9, 0.7) + 16 + noise(0.5)).astype(np.float32)


@pytest.mark.parametrize(("radius", "look"), [(20, "planet"), (110, "moon")])
def test_a_body_is_seen_and_neither_burnt_nor_made_white(radius: float, look: str) -> None:
    picture = disk(radius)
    assert scene_of(picture) == look
    result = shown(picture)
    body = result[np.hypot(U * WIDTH, V * HEIGHT) < radius - 5]
    assert 0.85 < np.quantile(body.max(axis=1), 0.995) < 0.97
    assert np.median(body[:, 2] / body[:, 0]) < 0.85
    assert np.median(result[:20, :20]) < 0.03
    contrast = np.std(body[:, 1]) / np.mean(body[:, 1])
    assert contrast > 0.6 * 0.1 / 2**0.5


@pytest.mark.parametrize("flux", [5_000, 500_000])
def test_stars_a_galaxy_and_noise_are_no_bodies(flux: float) -> None:
    galaxy = flux / 100 * np.exp(-np.hypot(U, V) / 0.04)
    assert scene_of((noise(10, 1) + 500 + galaxy + stars(100, flux)).astype(np.float32)) == "deepsky"
    assert scene_of(noise(10, 1) + 500) == "deepsky"


def test_a_look_is_set_and_made_anew() -> None:
    picture = disk(20)
    assert words_for(PictureSettings(), picture) == [*LOOKS["planet"]]
    assert words_for(PictureSettings(operators=["cluster", "stf"]), picture) == [*LOOKS["cluster"], "stf"]
    assert words_for(validate(PictureSettings, {"looks": {"planet": ["stf"]}}), picture) == ["stf"]
    assert words_for(PictureSettings(operators=[]), picture) == []


def test_every_look_is_made_of_operators() -> None:
    for words in LOOKS.values():
        for word in words:
            operator_of(word)


def test_what_few_subs_cover_is_not_shown() -> None:
    coverage = np.full((400, 600), 10, np.uint16)
    coverage[:, :60] = 4
    coverage[300:, :] = 2
    coverage[50, 200] = 0
    assert well_covered(coverage, 0) == WHOLE
    part = well_covered(coverage, 0.5).of(coverage)
    assert 0.97 * 300 * 540 < part.size <= 300 * 540
    assert np.median(part) == 10
    assert (part < 5).sum() <= 1
    assert well_covered(np.full((3, 2), 5, np.uint16), 0.5) == WHOLE


def test_parts_have_a_common_part() -> None:
    assert Part(0.1, 0.9, 0, 0.5).common(Part(0, 0.8, 0.2, 1)) == Part(0.1, 0.8, 0.2, 0.5)
    assert Part(0, 0.4).common(Part(0.5, 1)) == WHOLE


def test_the_shadow_of_a_baffle_is_no_sky() -> None:
    plain = (noise(5, 1) + 1000 + stars(100, 60_000)).astype(np.float32)
    shaded = plain.copy()
    shaded[:, :110] -= 900
    rest = np.s_[:, 150:]
    np.testing.assert_allclose(np.median(shown(shaded)[rest]), np.median(shown(plain)[rest]), atol=0.01)


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_a_noisy_or_dark_rim_is_cut_off_and_no_more(side: int) -> None:
    picture = noise(5, 1) + 1000 + stars(100, 60_000)
    rim = np.rot90(picture, side)[:14]
    rim[:] = 1000 + 1.5 * (rim - 1000)
    cut = operator_of("trim")(picture.astype(np.float32))
    assert sorted(np.subtract(picture.shape, cut.shape)) == [0, 16]
    rim -= 500
    assert operator_of("trim")(picture.astype(np.float32)).min() > 900


def test_a_vignette_is_no_rim() -> None:
    y, x = np.mgrid[:800, :1200] - np.array([400.0, 600.0])[:, np.newaxis, np.newaxis]
    vignette = 1500 / (1 + (x**2 + y**2) / 1000**2) ** 2
    picture = 100 + vignette + np.random.default_rng(1).normal(0, 2, vignette.shape)
    assert operator_of("trim")(picture.astype(np.float32)).shape == picture.shape


def test_an_even_picture_keeps_its_rim() -> None:
    picture = noise(5, 1) + 1000 + stars(100, 60_000) + (GRADIENT / 3).astype(np.float32)
    assert operator_of("trim")(picture).shape == picture.shape


def test_the_moons_face_fills_the_field_and_is_not_burnt_nor_its_plains_black() -> None:
    rough = cv2.GaussianBlur(noise(1, 1), (0, 0), 6)
    face = (3000 * (1 + 0.25 * rough / rough.std()) + noise(20, 1)).astype(np.float32)
    shown_face = render(StackPicture(face), PictureSettings(), PictureFacts(body=True)).pixels / 255
    assert 0.84 < np.quantile(shown_face, 0.995) < 0.95
    assert np.quantile(shown_face, 0.02) > 0.03
    linear = np.corrcoef(shown_face.ravel(), face.ravel())[0, 1]
    assert linear > 0.97


def test_the_median_star_becomes_white_whatever_the_nebula() -> None:
    nebula = cv2.GaussianBlur(np.where(np.hypot(U, V) < 0.3, 300, 0).astype(np.float32), (0, 0), 20)
    light = stars(60, 30_000)[..., np.newaxis] * (0.6, 1, 0.8) + nebula[..., np.newaxis] * (1, 0.2, 0.2)
    picture = (light + noise(2) + 200).astype(np.float32)
    balanced = operator_of("neutral")(picture) - 200
    bright = (stars(60, 30_000) > 1000) & (nebula < 1)
    np.testing.assert_allclose(np.median(balanced[bright] / balanced[bright][:, 1:2], axis=0), 1, atol=0.05)
    unasked = operator_of("neutral:stars=false")(picture) - 200
    assert np.median(unasked[bright][:, 0] / unasked[bright][:, 1]) == pytest.approx(0.6, abs=0.03)


def test_a_camera_that_knows_white_is_believed() -> None:
    words = words_for(PictureSettings(), noise(5) + 500, PictureFacts(white_balance=(2.0, 1.0, 1.5)))
    assert words[0] == "white_balance:2,1,1.5"
    assert "neutral:stars=false" in words
    picture = (noise(2) + 500).astype(np.float32)
    np.testing.assert_array_equal(operator_of(words[0])(picture), picture * np.array([2, 1, 1.5], np.float32))
    assert words_for(PictureSettings(operators=["stf"]), picture, PictureFacts(white_balance=(2.0, 1.0, 1.5))) == [
        "stf"
    ]


def test_sky_of_few_grey_levels_is_told_to_a_fraction_of_one() -> None:
    rng = np.random.default_rng(3)
    picture = np.rint(rng.normal([3.4, 5.3, 4.7], 0.6, (300, 400, 3))).astype(np.float32)
    sky = measure_sky(picture)
    assert sky is not None
    np.testing.assert_allclose(sky.level, [3.4, 5.3, 4.7], atol=0.12)
    np.testing.assert_allclose(sky.noise, 0.66, atol=0.15)
