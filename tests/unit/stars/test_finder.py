from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, DoubleArray, FrameInfo
from indistack.values.star_list import StarList
from tests.unit.stars.conftest import jittered_grid, mono_frame, mosaic, profile, render

Finder = Callable[..., StarFinder]
SHAPE = (480, 640)
FWHM = 3.0
NOISE = 10.0


def partners(stars: StarList, x: DoubleArray, y: DoubleArray, radius: float = 1.0) -> np.ndarray:
    """For each true star the index of the found one within `radius`, or -1."""
    if len(stars) == 0:
        return np.full(len(x), -1)
    distance = np.hypot(stars.x - x[:, None], stars.y - y[:, None])
    nearest = distance.argmin(axis=1)
    return np.where(distance.min(axis=1) < radius, nearest, -1)


@pytest.fixture
def sky() -> tuple[np.random.Generator, DoubleArray, DoubleArray, DoubleArray]:
    rng = np.random.default_rng(4)
    x, y = jittered_grid(SHAPE, 45, rng)
    return rng, x, y, 10 ** rng.uniform(3.3, 5.2, len(x))


def noisy(rng: np.random.Generator, plane: np.ndarray, level: float = 300.0) -> np.ndarray:
    return plane + level + rng.normal(0, NOISE, plane.shape)


def test_every_star_of_a_mono_frame_is_found_and_measured(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    stars = finder().find(mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM))))
    index = partners(stars, x, y)
    assert (index >= 0).all()
    assert len(stars) <= len(x) + 1
    np.testing.assert_allclose(stars.flux[index], flux, rtol=0.1, atol=300)
    assert np.median(stars.flux[index] / flux) == pytest.approx(1, abs=0.01)
    assert np.median(stars.fwhm) == pytest.approx(FWHM, rel=0.02)
    assert np.median(np.hypot(stars.x[index] - x, stars.y[index] - y)) < 0.05
    assert stars.background_adu == pytest.approx(300, abs=1)
    assert stars.noise_adu == pytest.approx(NOISE, rel=0.1)
    assert (np.diff(stars.flux) <= 0).all()
    assert not stars.saturated.any()


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_coloured_stars_of_a_cfa_frame_lie_where_they_are(finder: Finder, sky: tuple, cfa: CfaPattern) -> None:
    rng, x, y, flux = sky
    red, blue = rng.uniform(0.2, 2, len(x)), rng.uniform(0.2, 2, len(x))
    planes = [render(SHAPE, x, y, flux * colour, 2.2) + level for colour, level in ((red, 200), (1, 300), (blue, 150))]
    stored = np.rint(2 * (mosaic(planes, cfa) + rng.normal(0, NOISE, SHAPE)) + 400).astype(np.uint16)
    stars = finder().find(CalibratedFrame(stored, cfa, 400.0, 0.5, None, FrameInfo()))
    index = partners(stars, x, y)
    found = index >= 0
    assert found.mean() > 0.97
    bright = found & (flux > 2e4)
    dx, dy = stars.x[index] - x, stars.y[index] - y
    assert np.abs([dx[bright].mean(), dy[bright].mean()]).max() < 0.02
    assert np.hypot(dx, dy)[bright].max() < 0.1
    assert np.median(stars.fwhm[index[bright]]) == pytest.approx(2.2, rel=0.02)
    assert np.median((stars.flux[index] / flux)[bright]) == pytest.approx(1, abs=0.01)
    assert stars.background_adu == pytest.approx(300, abs=1.5)
    assert stars.noise_adu == pytest.approx(NOISE, rel=0.1)


def test_hot_pixels_and_cosmic_rays_are_no_stars(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    plane = noisy(rng, render(SHAPE, x, y, flux, FWHM))
    plane[rng.integers(0, SHAPE[0], 300), rng.integers(0, SHAPE[1], 300)] += rng.uniform(200, 30_000, 300)
    for column in range(100, 112):
        plane[200, column] += 5000  # a track
    stars = finder().find(mono_frame(plane))
    assert (partners(stars, x, y) >= 0).mean() > 0.9
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 5


@pytest.mark.parametrize("cfa", ["RGGB", "GRBG"])
def test_hot_photosites_of_any_colour_are_no_stars(finder: Finder, sky: tuple, cfa: CfaPattern) -> None:
    rng, x, y, flux = sky
    plane = noisy(rng, render(SHAPE, x, y, flux, FWHM))
    plane[rng.integers(0, SHAPE[0], 300), rng.integers(0, SHAPE[1], 300)] += rng.uniform(500, 30_000, 300)
    stars = finder().find(CalibratedFrame(np.rint(plane).astype(np.uint16), cfa, 0.0, 1.0, None, FrameInfo()))
    assert (partners(stars, x, y) >= 0).mean() > 0.9
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 5


def test_a_nebula_and_its_knots_are_no_stars(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    knots = np.array([150.0, 300, 450])
    nebula = render(SHAPE, knots, knots * 0.8, np.full(3, 3e6), 40) + render(SHAPE, knots, 400 - knots * 0.5, knots, 12)
    nebula += render(SHAPE, knots + 20, 400 - knots * 0.5, np.full(3, 1e5), 14)
    stars = finder().find(mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM) + nebula)))
    index = partners(stars, x, y)
    assert (index >= 0).mean() > 0.95
    assert len(stars) - (index >= 0).sum() <= 1
    assert np.median(stars.fwhm) == pytest.approx(FWHM, rel=0.03)


@pytest.mark.parametrize("axes", [(2.1, 2.1), (3.6, 1.0)])
def test_blobs_twice_as_wide_or_long_as_the_stars_are_none(
    finder: Finder, sky: tuple, axes: tuple[float, float]
) -> None:
    rng, x, y, flux = sky
    plane = render(SHAPE, x, y, flux, FWHM)
    blob_x, blob_y = x[:-14:9] + 22, y[:-14:9] + 22
    for centre_x, centre_y in zip(blob_x, blob_y, strict=True):
        sigma = FWHM / 2.3548
        columns = profile(centre_x, axes[0] * sigma, 0, SHAPE[1])
        plane += 60_000 * profile(centre_y, axes[1] * sigma, 0, SHAPE[0])[:, None] * columns
    stars = finder().find(mono_frame(noisy(rng, plane)))
    assert (partners(stars, blob_x, blob_y, 2.0) < 0).all()
    assert (partners(stars, x, y) >= 0).mean() > 0.97


@pytest.mark.parametrize("fwhm", [9.0, 14.0, 22.0])
def test_a_broad_star_is_one_star(finder: Finder, fwhm: float) -> None:
    """The noise makes several maxima on its top."""
    rng = np.random.default_rng(1)
    x, y = jittered_grid((900, 900), 130, rng)
    plane = render((900, 900), x, y, 10 ** rng.uniform(4.5, 5.5, len(x)), fwhm)
    stars = finder().find(mono_frame(noisy(rng, plane)))
    inside = (np.abs(x - 450) < 390) & (np.abs(y - 450) < 390)
    assert (partners(stars, x, y) >= 0)[inside].all()
    assert len(stars) <= len(x)
    assert np.median(stars.fwhm) == pytest.approx(fwhm, rel=0.03)


def test_a_satellites_trail_is_no_row_of_stars(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    plane = render(SHAPE, x, y, flux, FWHM)
    steps = np.arange(0, 640, 0.5)
    plane += render(SHAPE, steps, 100 + 0.4 * steps, np.full(len(steps), 1500.0), FWHM)
    stars = finder().find(mono_frame(noisy(rng, plane)))
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 3
    assert (partners(stars, x, y) >= 0).mean() > 0.85  # those under the trail are lost


def test_faint_stars_beside_a_satellites_trail_stay_the_measure_of_the_field(finder: Finder) -> None:
    rng = np.random.default_rng(3)
    x, y = jittered_grid(SHAPE, 60, rng)
    plane = render(SHAPE, x, y, 10 ** rng.uniform(2.9, 3.2, len(x)), FWHM)
    steps = np.arange(0, 640, 0.5)
    plane += render(SHAPE, steps, 100 + 0.4 * steps, np.full(len(steps), 1500.0), FWHM)
    stars = finder().find(mono_frame(noisy(rng, plane)))
    found = partners(stars, x, y) >= 0
    assert found.mean() > 0.6
    assert len(stars) - found.sum() <= 5
    assert np.median(stars.fwhm) == pytest.approx(FWHM, rel=0.1)


def test_trailed_stars_are_still_stars_and_say_so(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    plane = sum(render(SHAPE, x + step, y, flux / 9, FWHM) for step in np.linspace(-4, 4, 9))
    stars = finder().find(mono_frame(noisy(rng, np.asarray(plane))))
    assert (partners(stars, x, y) >= 0).mean() > 0.9
    assert np.median(stars.eccentricity) > 0.75


@pytest.mark.parametrize("distance", [7.0, 9.0])
def test_two_stars_close_together_are_two(finder: Finder, distance: float) -> None:
    rng = np.random.default_rng(1)
    x, y = jittered_grid(SHAPE, 60, rng)
    x, y = np.concatenate([x, x + distance]), np.concatenate([y, y])
    flux = np.concatenate([np.full(len(x) // 2, 3e4), np.full(len(x) // 2, 1.5e4)])
    stars = finder().find(mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM))))
    index = partners(stars, x, y)
    assert (index >= 0).mean() > 0.95
    assert np.abs(stars.x[index] - x).max() < 0.3
    assert len(stars) == len(x)


def test_a_clipped_star_is_one_star_and_marked(finder: Finder) -> None:
    rng = np.random.default_rng(1)
    x, y = jittered_grid(SHAPE, 60, rng)
    flux = np.where(np.arange(len(x)) % 5 == 0, 4e5, 2e4)
    plane = np.minimum(noisy(rng, render(SHAPE, x, y, flux, FWHM)), 8000)
    stars = finder().find(mono_frame(plane, saturation_adu=8000.0))
    index = partners(stars, x, y)
    assert (index >= 0).all()
    assert len(stars) == len(x)
    np.testing.assert_array_equal(stars.saturated[index], flux > 1e5)
    assert np.hypot(stars.x[index] - x, stars.y[index] - y).max() < 0.1
    assert np.median(stars.flux[index][flux > 1e5]) == pytest.approx(4e5, rel=0.1)


def test_a_wide_flat_top_is_one_star_in_its_middle(finder: Finder) -> None:
    rng = np.random.default_rng(1)
    x, y = jittered_grid(SHAPE, 70, rng)
    flux = np.where(np.arange(len(x)) % 5 == 0, 2e7, 2e5)  # clipped up to 7 px from the middle
    plane = np.minimum(noisy(rng, render(SHAPE, x, y, flux, 6.0)), 8000)
    stars = finder().find(mono_frame(plane, saturation_adu=8000.0))
    index = partners(stars, x, y)
    assert (index >= 0).all()
    assert len(stars) == len(x)
    assert np.hypot(stars.x[index] - x, stars.y[index] - y).max() < 0.15


def test_bad_pixels_are_ignored(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    plane = noisy(rng, render(SHAPE, x, y, flux, FWHM))
    bad = np.zeros(SHAPE, bool)
    bad[rng.integers(0, SHAPE[0], 3000), rng.integers(0, SHAPE[1], 3000)] = True
    bad[300:340] = True
    plane[bad] = np.where(rng.random(bad.sum()) < 0.5, np.nan, 60_000)
    stars = finder().find(mono_frame(plane, bad=bad))
    away = (y < 290) | (y > 350)
    assert (partners(stars, x, y) >= 0)[away].mean() > 0.9
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 3


@pytest.mark.parametrize("scale", [1 / 65535, 1e-7, 1e6])
def test_any_scale_gives_the_same_stars(finder: Finder, sky: tuple, scale: float) -> None:
    rng, x, y, flux = sky
    plane = noisy(rng, render(SHAPE, x, y, flux, FWHM))
    one, other = finder().find(mono_frame(plane)), finder().find(mono_frame(plane * scale))
    assert len(one) == len(other)
    np.testing.assert_allclose(other.x, one.x, atol=0.01)
    np.testing.assert_allclose(other.flux, one.flux * scale, rtol=0.01)
    assert other.noise_adu == pytest.approx(one.noise_adu * scale, rel=0.01)


def test_an_8_bit_picture_with_a_black_sky_gives_its_stars(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    plane = render(SHAPE, x, y, flux / 400, FWHM) + rng.normal(-0.5, 0.4, SHAPE)
    picture = np.repeat(np.clip(np.rint(plane), 0, 255)[:, :, None], 3, axis=2).astype(np.float32)
    stars = finder().find(CalibratedFrame(picture, None, 0.0, 1.0, None, FrameInfo(saturation_adu=255, linear=False)))
    bright = flux > 2e4
    assert (partners(stars, x, y) >= 0)[bright].all()
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 3
    assert stars.noise_adu > 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (23, 400), (24, 24), (30, 31), (100, 100)])
@pytest.mark.parametrize("value", [0.0, 5.0, math.nan])
def test_a_frame_without_stars_gives_an_empty_list(finder: Finder, shape: tuple[int, int], value: float) -> None:
    scene = finder().scene(mono_frame(np.full(shape, value)))
    assert len(scene.stars) == 0
    assert (scene.width, scene.height) == (shape[1], shape[0])
    assert math.isfinite(scene.stars.background_adu)


@pytest.mark.parametrize("cfa", [None, "RGGB"])
def test_noise_alone_gives_next_to_nothing(finder: Finder, cfa: CfaPattern | None) -> None:
    pixels = np.random.default_rng(0).normal(300, 10, (1000, 1400))
    stored = pixels.astype(np.float32) if cfa is None else np.rint(pixels).astype(np.uint16)
    assert len(finder(detection_sigma=5.0).find(CalibratedFrame(stored, cfa, 0.0, 1.0, None, FrameInfo()))) <= 2


def test_a_small_frame_is_no_exception(finder: Finder) -> None:
    rng = np.random.default_rng(3)
    x, y = np.array([20.2, 50.7, 80.1, 33.3]), np.array([30.5, 70.9, 20.0, 80.8])
    stars = finder().find(mono_frame(noisy(rng, render((100, 100), x, y, np.full(4, 2e4), FWHM))))
    assert (partners(stars, x, y) >= 0).all()
    assert len(stars) == 4


def test_a_gradient_and_vignetting_hide_nothing(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    level = 1000 + 3 * columns + 800 * np.exp(-((rows - 240) ** 2 + (columns - 320) ** 2) / 2 / 200**2)
    stars = finder().find(mono_frame(render(SHAPE, x, y, flux, FWHM) + level + rng.normal(0, NOISE, SHAPE)))
    assert (partners(stars, x, y) >= 0).mean() > 0.97
    assert len(stars) - (partners(stars, x, y) >= 0).sum() <= 2


def test_the_number_of_threads_changes_no_bit(sky: tuple) -> None:
    rng, x, y, flux = sky
    frame = mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM)))
    results = []
    for jobs in (1, 2, 3):
        with Workers(jobs) as workers:
            results.append(StarFinder(StarsSettings(), workers).find(frame))
    for other in results[1:]:
        for name in ("x", "y", "flux", "fwhm", "eccentricity", "saturated"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))


def test_a_frame_leaves_nothing_behind_for_the_next(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    frame = mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM)))
    other = mono_frame(noisy(rng, render(SHAPE, y, x, flux, FWHM)))
    used = finder()
    first = used.find(frame)
    used.find(other)
    np.testing.assert_array_equal(used.find(frame).x, first.x)


def test_the_input_is_not_changed(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    frame = mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM)), bad=np.zeros(SHAPE, bool))
    before = frame.pixels.copy()
    frame.pixels.flags.writeable = False
    finder().find(frame)
    np.testing.assert_array_equal(frame.pixels, before)


def test_the_scene_gives_the_binned_luminance_when_asked(finder: Finder) -> None:
    frame = mono_frame(np.tile(np.array([[1.0, 3], [5, 7]]), (50, 60)))
    assert finder().scene(frame).luminance is None
    luminance = finder().scene(frame, with_luminance=True).luminance
    assert luminance is not None
    np.testing.assert_array_equal(luminance, np.full((50, 60), 4))


def test_detection_sigma_decides_how_faint(finder: Finder, sky: tuple) -> None:
    rng, x, y, _ = sky
    frame = mono_frame(noisy(rng, render(SHAPE, x, y, np.linspace(100, 4000, len(x)), FWHM)))
    assert len(finder(detection_sigma=4.0).find(frame)) > 1.1 * len(finder(detection_sigma=20.0).find(frame))


def test_max_stars_keeps_the_brightest_of_every_part(finder: Finder, sky: tuple) -> None:
    rng, x, y, flux = sky
    flux = np.where(x < 320, flux, flux / 3)  # the right half is fainter
    stars = finder(max_stars=40).find(mono_frame(noisy(rng, render(SHAPE, x, y, flux, FWHM))))
    assert len(stars) == 40
    assert 12 <= (stars.x > 320).sum() <= 28


def test_few_stars_are_kept_though_most_candidates_are_hot_pixels(finder: Finder) -> None:
    rng = np.random.default_rng(8)
    x, y = jittered_grid(SHAPE, 70, rng)
    plane = noisy(rng, render(SHAPE, x, y, np.full(len(x), 4000.0), FWHM))
    hot = rng.choice(plane.size, 2 * len(x), replace=False)
    plane.flat[hot] += 20_000  # brighter than any star
    stars = finder(max_stars=len(x)).find(mono_frame(plane))
    assert (partners(stars, x, y) >= 0).mean() > 0.9


def test_mesh_px_decides_what_is_sky(finder: Finder) -> None:
    rng = np.random.default_rng(0)
    rows = np.mgrid[:1200, :1200][0]
    waves = 200 * np.sin(rows / 1200 * 2 * np.pi * 2)  # 600 px each
    x, y = jittered_grid((1200, 1200), 60, rng)
    frame = mono_frame(waves + noisy(rng, render((1200, 1200), x, y, np.full(len(x), 1500.0), FWHM)))
    fine, coarse = finder(mesh_px=64).find(frame), finder(mesh_px=300).find(frame)
    assert (partners(fine, x, y) >= 0).sum() > 1.2 * (partners(coarse, x, y) >= 0).sum()


@pytest.mark.slow
def test_the_flux_of_stars_does_not_depend_on_the_seeing(finder: Finder) -> None:
    x, y = jittered_grid(SHAPE, 45, np.random.default_rng(4))
    v, u = np.mgrid[: SHAPE[0], : SHAPE[1]]

    def flux(fwhm: float) -> float:
        core2 = (fwhm / 2) ** 2 / (2 ** (1 / 2.5) - 1)  # Moffat, beta 2.5: wings that a Gaussian cannot fit
        plane = np.zeros(SHAPE)
        for star_x, star_y in zip(x, y, strict=True):
            plane += 1e5 / fwhm**2 / (1 + ((u - star_x) ** 2 + (v - star_y) ** 2) / core2) ** 2.5
        stars = finder().find(mono_frame(noisy(np.random.default_rng(1), plane)))
        return float(np.median(stars.flux))

    fluxes = [flux(fwhm) for fwhm in (2.8, 3.0, 3.2, 3.4, 3.6, 3.8)]
    np.testing.assert_allclose(np.array(fluxes) / fluxes[0], 1, atol=0.015)
