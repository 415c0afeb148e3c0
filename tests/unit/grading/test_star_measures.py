"""A sub in numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.grading.star_measures import measure, sharpness, star_snr
from indistack.values.star_list import StarList

EDGE = 1000.0


def star_list(n: int = 20, *, eccentricity: float = 0.2, angle: float | np.ndarray = 0.0, **parts: object) -> StarList:
    """Stars of FWHM 3 px at random places, flux 5000, noise 10."""
    rng = np.random.default_rng(3)
    ones = np.ones(n)
    stars = StarList(
        rng.uniform(0, EDGE, n), rng.uniform(0, EDGE, n), 5000 * ones, 3 * ones, 1.5 * ones, eccentricity * ones,
        angle * ones, np.zeros(n, bool), 100.0, 10.0,
    )  # fmt: skip
    return replace(stars, **parts)  # type: ignore[arg-type]


def test_snr_of_a_star_by_hand() -> None:
    sigma = 3 / 2.35482
    assert star_snr(star_list(1))[0] == pytest.approx(5000 / (2 * np.sqrt(np.pi) * sigma * 10), rel=1e-4)


def test_saturated_stars_tell_no_width() -> None:
    fwhm, saturated = np.array([9.0, 2.0, 4.0]), np.array([True, False, False])
    some = measure(star_list(3, fwhm=fwhm, hfr=fwhm / 2, saturated=saturated))
    assert (some.fwhm_px, some.hfr_px) == (3.0, 1.5)
    assert some.saturated == pytest.approx(1 / 3)
    assert measure(star_list(3, fwhm=fwhm, saturated=np.ones(3, bool))).fwhm_px == 4.0


def test_many_small_stars_make_a_good_reference() -> None:
    assert sharpness(star_list(20)) == pytest.approx(20 / 9)  # of FWHM 3 px
    assert sharpness(star_list(20, fwhm=np.full(20, 1.5))) == pytest.approx(4 * 20 / 9)
    assert sharpness(star_list(0)) == 0


def test_no_stars_tell_nothing() -> None:
    none = measure(star_list(0))
    assert (none.stars, none.saturated) == (0, 0.0)
    assert np.isnan([none.fwhm_px, none.hfr_px, none.eccentricity, none.trailing, none.shape_scatter, none.snr]).all()


@pytest.mark.parametrize("angle_deg", [-80, -20, 0, 45, 89])
def test_stars_trailed_alike_are_a_trailed_sub(angle_deg: float) -> None:
    trailed = measure(star_list(eccentricity=0.8, angle=np.radians(angle_deg)))
    assert trailed.trailing == pytest.approx(0.8)
    assert trailed.trail_deg == pytest.approx(angle_deg)
    assert trailed.shape_scatter == pytest.approx(0, abs=1e-9)


def test_coma_is_no_trail_and_no_knots() -> None:
    stars = star_list(30, eccentricity=0.75)
    outward = np.arctan2(stars.y - EDGE / 2, stars.x - EDGE / 2)
    coma = measure(replace(stars, angle=(outward + np.pi / 2) % np.pi - np.pi / 2))
    assert coma.eccentricity == 0.75
    assert coma.trailing < 0.5
    assert coma.shape_scatter < 0.22


def test_knots_differ_from_each_other_and_from_their_neighbours() -> None:
    rng = np.random.default_rng(5)
    knots = measure(star_list(40, eccentricity=0.75, angle=rng.uniform(-np.pi / 2, np.pi / 2, 40)))
    assert knots.shape_scatter > 0.3
    assert knots.trailing < 0.5


def test_faint_stars_have_no_say_about_shapes() -> None:
    flux = np.where(np.arange(40) < 10, 20_000.0, 300.0)
    rng = np.random.default_rng(6)
    eccentricity, angle = np.where(flux > 1000, 0.6, 0.95), np.where(flux > 1000, 0.5, rng.uniform(-1.5, 1.5, 40))
    some = measure(replace(star_list(40, flux=flux, angle=angle), eccentricity=eccentricity))
    assert some.trailing == pytest.approx(0.6)


def test_five_clear_stars_tell_no_common_shape() -> None:
    assert np.isnan(measure(star_list(5, eccentricity=0.9)).trailing)
    assert measure(star_list(6, eccentricity=0.9)).trailing == pytest.approx(0.9)


def jumped(share: float, step: tuple[float, float] = (8.0, -3.0)) -> StarList:
    """Forty stars, of which some are seen once more, 0.2 px from where the others' companions are."""
    rng = np.random.default_rng(2)
    once = star_list(40)
    again = np.flatnonzero(rng.uniform(size=40) < share)
    x, y = (
        places[again] + rng.normal(far, 0.2, len(again)) for places, far in zip((once.x, once.y), step, strict=True)
    )
    flux = np.concatenate([once.flux, 0.4 * once.flux[again]])
    return star_list(len(flux), x=np.concatenate([once.x, x]), y=np.concatenate([once.y, y]), flux=flux)


def test_a_jump_of_the_mount_shows_each_star_twice() -> None:
    for step in ((8.0, -3.0), (-8.0, 3.0), (0.0, 9.0), (0.0, -9.0), (30.0, 1.0)):
        twice = measure(jumped(1.0, step))
        assert twice.doubled == 1.0
        assert twice.apart_px == pytest.approx(np.hypot(*step), abs=0.3)


def test_stars_that_lie_as_they_like_have_no_common_companion() -> None:
    crowded = replace(star_list(300), x=star_list(300).x / 3, y=star_list(300).y / 3)
    assert measure(crowded).doubled < 0.4
    assert measure(jumped(0.3)).doubled < 0.7
    assert np.isnan(measure(star_list(4)).doubled)
    assert measure(star_list(6, x=100.0 * np.arange(6.0))).doubled == 0
