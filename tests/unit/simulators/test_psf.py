"""Star images: exact flux, exact place, the width that is asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.psf import gaussian, make_profile, moffat, render_stamps


def test_gaussian_has_half_its_peak_at_half_its_fwhm() -> None:
    profile = gaussian(4.0)
    assert profile.intensity(2.0) == pytest.approx(profile.intensity(0.0) / 2)


@pytest.mark.parametrize("fwhm_px", [1.5, 3.0, 8.0])
def test_moffat_has_its_fwhm_and_follows_the_function(fwhm_px: float) -> None:
    profile = moffat(fwhm_px)
    assert profile.shares.sum() == pytest.approx(1)
    assert profile.intensity(fwhm_px / 2) == pytest.approx(profile.intensity(0.0) / 2)
    # (1 + (r/a)^2)^-3 with a = FWHM / (2 sqrt(2^(1/3) - 1)), over the part that is brighter than a hundredth.
    alpha = fwhm_px / (2 * math.sqrt(2 ** (1 / 3) - 1))
    for radius in np.linspace(0, 1.8 * alpha, 20):
        exact = (1 + (radius / alpha) ** 2) ** -3
        assert profile.intensity(radius) / profile.intensity(0.0) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("name", ["gaussian", "moffat"])
@given(x=st.floats(10, 20), y=st.floats(10, 20), fwhm_px=st.floats(1.5, 5))
def test_stamps_sum_to_one_and_balance_on_the_star(name: str, x: float, y: float, fwhm_px: float) -> None:
    x0, y0, stamps = render_stamps(np.array([x]), np.array([y]), make_profile(name, fwhm_px), 24)
    rows, columns = np.indices(stamps[0].shape)
    stamp = stamps[0].astype(np.float64)
    assert stamp.sum() == pytest.approx(1, abs=1e-5)
    assert (stamp * columns).sum() + x0[0] == pytest.approx(x, abs=0.01)
    assert (stamp * rows).sum() + y0[0] == pytest.approx(y, abs=0.01)


def test_a_pixel_holds_the_integral_over_its_area() -> None:
    # A Gaussian of sigma 1 centred on a pixel: its middle pixel has erf(0.5 / sqrt 2)^2 = 0.38292^2 = 0.14663.
    profile = gaussian(2 * math.sqrt(2 * math.log(2)))
    _, _, stamps = render_stamps(np.array([5.0]), np.array([5.0]), profile, 10)
    assert stamps[0, 10, 10] == pytest.approx(0.14663, abs=1e-5)


def test_a_trail_is_as_long_as_the_gust_and_centred() -> None:
    _, _, stamps = render_stamps(np.array([0.0]), np.array([0.0]), gaussian(2.0), 20, trail_px=(12.0, 0.0))
    rows, columns = np.indices(stamps[0].shape) - 20
    stamp = stamps[0].astype(np.float64)
    assert (stamp * columns).sum() == pytest.approx(0, abs=1e-3)
    # An even line of length L has the variance L^2 / 12 = 12 along it; the star adds its own, as across it.
    along, across = (stamp * columns**2).sum(), (stamp * rows**2).sum()
    assert along - across == pytest.approx(12, rel=0.01)
