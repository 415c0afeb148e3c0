from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from indistack.stars.fit import Fits, fit_gaussians
from indistack.stars.half_flux import half_flux_radii
from indistack.stars.stamps import cut
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo
from tests.unit.stars.conftest import jittered_grid, profile, render

SHAPE = (400, 400)


def fitted(pixels: np.ndarray, x: np.ndarray, y: np.ndarray, fwhm: float, noise: float, cfa: CfaPattern | None) -> Fits:
    frame = CalibratedFrame(pixels.astype(np.float32), cfa, 0.0, 1.0, None, FrameInfo())
    with Workers(2) as workers:
        stamps = cut(frame, x, y, math.ceil(1.5 * fwhm) + 1)
        return fit_gaussians(stamps, x + 0.3, y - 0.3, 1.2 * fwhm, noise, workers)


@pytest.mark.parametrize("cfa", [None, "RGGB"])
@pytest.mark.parametrize("fwhm", [1.8, 2.5, 3.5, 6.0])
def test_a_star_without_noise_is_measured_without_bias(fwhm: float, cfa: CfaPattern | None) -> None:
    x, y = jittered_grid(SHAPE, 40, np.random.default_rng(1))
    flux = np.full(len(x), 20_000.0)
    fits = fitted(render(SHAPE, x, y, flux, fwhm) + 300, x, y, fwhm, 1.0, cfa)
    assert np.abs(fits.x - x).max() < 0.02
    assert np.abs(fits.y - y).max() < 0.02
    np.testing.assert_allclose(fits.flux, flux, rtol=0.02)
    np.testing.assert_allclose(fits.fwhm, fwhm, rtol=0.02)
    np.testing.assert_allclose(fits.sky, 300, atol=10)
    assert fits.eccentricity.max() < 0.25


@pytest.mark.parametrize("cfa", [None, "GRBG"])
@pytest.mark.parametrize("fwhm", [1.8, 3.0, 6.0])
def test_the_scatter_is_what_the_noise_allows(fwhm: float, cfa: CfaPattern | None) -> None:
    rng = np.random.default_rng(2)
    noise, sigma = 10.0, fwhm / 2.3548
    x, y = jittered_grid((900, 900), 40, rng)
    flux = np.full(len(x), 80 * noise * fwhm)
    plane = render((900, 900), x, y, flux, fwhm) + rng.normal(300, noise, (900, 900))
    fits = fitted(plane, x, y, fwhm, noise, cfa)
    # least variance of a Gaussian's centre in white noise: 8 pi s^4 noise^2 / flux^2; half of the photosites, twice it
    wide2 = sigma**2 + 1 / 12
    best = math.sqrt(8 * math.pi) * wide2 * noise / flux[0] * (1 if cfa is None else math.sqrt(2))
    scatter = math.sqrt(np.mean(np.concatenate([fits.x - x, fits.y - y]) ** 2))
    assert scatter < 1.3 * best
    assert np.abs([np.mean(fits.x - x), np.mean(fits.y - y)]).max() < 0.02


def test_an_elongated_star_has_its_eccentricity() -> None:
    one = np.array([60.2])
    plane = 5000 * profile(60.2, 1.2, 0, 120)[:, None] * profile(60.2, 2.0, 0, 120)
    fits = fitted(plane, one, one, 3.5, 1.0, None)
    assert fits.eccentricity[0] == pytest.approx(0.8, abs=0.01)  # sqrt(1 - (1.2 / 2)^2)
    assert fits.angle[0] == pytest.approx(0, abs=0.01)
    assert fits.major[0] == pytest.approx(2.3548 * 2, rel=0.01)
    assert fits.fwhm[0] == pytest.approx(2.3548 * math.sqrt(1.2 * 2), rel=0.01)


@pytest.mark.parametrize("angle_deg", [-60, 20, 45, 80])
def test_the_longer_axis_has_its_direction_from_x_towards_y(angle_deg: float) -> None:
    one = np.array([60.0])
    v, u = np.mgrid[:121, :121] - 60.0
    angle = math.radians(angle_deg)
    along, across = u * math.cos(angle) + v * math.sin(angle), v * math.cos(angle) - u * math.sin(angle)
    fits = fitted(5000 * np.exp(-(along**2) / 8 - across**2 / 3), one, one, 4.0, 1.0, None)
    assert math.degrees(fits.angle[0]) == pytest.approx(angle_deg, abs=0.5)


def test_photosites_that_are_not_usable_do_not_matter() -> None:
    x, y = np.array([60.3]), np.array([61.1])
    plane = render((120, 120), x, y, np.array([20_000.0]), 3.0)
    clipped = np.minimum(plane, 0.5 * plane.max())
    frame = CalibratedFrame(
        clipped.astype(np.float32), None, 0.0, 1.0, None, FrameInfo(saturation_adu=0.5 * float(plane.max()))
    )
    with Workers(1) as workers:
        fits = fit_gaussians(cut(frame, x, y, 6), x, y, 3.0, 1.0, workers)
    assert abs(fits.x[0] - x[0]) < 0.01
    assert fits.flux[0] == pytest.approx(20_000, rel=0.05)


@pytest.mark.parametrize("cfa", [None, "RGGB"])
@pytest.mark.parametrize("fwhm", [2.5, 3.5, 6.0])
def test_half_of_a_gaussians_flux_lies_within_half_of_its_width(fwhm: float, cfa: CfaPattern | None) -> None:
    x, y = jittered_grid(SHAPE, 40, np.random.default_rng(1))
    plane = render(SHAPE, x, y, np.full(len(x), 20_000.0), fwhm) + 300
    frame = CalibratedFrame(plane.astype(np.float32), cfa, 0.0, 1.0, None, FrameInfo())
    with Workers(1) as workers:
        stamps = cut(frame, x, y, math.ceil(2 * fwhm))
        radii = half_flux_radii(stamps, fit_gaussians(stamps, x, y, fwhm, 1.0, workers))
    assert np.median(radii) == pytest.approx(math.hypot(fwhm, 2.3548 / 12**0.5) / 2, rel=0.02)  # as the pixels see it
    assert np.ptp(radii) < 0.25 * fwhm


def test_a_star_without_light_has_half_its_width_for_a_radius() -> None:
    x = np.array([30.0])
    frame = CalibratedFrame(np.zeros((60, 60), np.float32), None, 0.0, 1.0, None, FrameInfo())
    with Workers(1) as workers:
        stamps = cut(frame, x, x, 6)
        fits = fit_gaussians(stamps, x, x, 3.0, 1.0, workers)
    assert half_flux_radii(stamps, replace(fits, sky=np.array([100.0])))[0] == fits.fwhm[0] / 2


def test_nothing_to_fit_gives_nothing() -> None:
    none = np.zeros(0)
    assert len(fitted(np.zeros((30, 30)), none, none, 3.0, 1.0, None).x) == 0


def test_a_stamp_of_one_value_raises_nothing() -> None:
    one = np.array([30.0])
    assert not fitted(np.full((60, 60), 5.0), one, one, 3.0, 1.0, None).snr[0] > 3
