"""Every measure on pictures of which the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from comparison.picture import STAMP_RADIUS_PX, block_noise, isolated, measure_stars, trail_excess

FWHM_PX = 3.0
SIGMA_PX = FWHM_PX / 2.3548
PLACES = np.array([[40.3, 30.8], [90.0, 60.5], [60.49, 90.51]])


def a_field(xy=PLACES, flux=10_000.0, shape=(120, 140)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    stars = [np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (2 * SIGMA_PX**2)) for sx, sy in xy]
    return (300.0 + flux / (2 * math.pi * SIGMA_PX**2) * np.sum(stars, axis=0)).astype(np.float32)


def a_line(shape, along_deg, peak, from_x=0.0):
    """Return a Gaussian line through the middle, and two points on it; only what lies right of `from_x` is bright."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    along = np.array([math.cos(math.radians(along_deg)), math.sin(math.radians(along_deg))])
    middle = np.array([shape[1] - 1, shape[0] - 1]) / 2
    distance = (x - middle[0]) * along[1] - (y - middle[1]) * along[0]
    line = peak * np.exp(-(distance**2) / (2 * SIGMA_PX**2)) * (x >= from_x)
    return line.astype(np.float32), np.array([middle - 150 * along, middle + 150 * along])


def test_stars_in_their_places_have_no_offset_and_all_their_light():
    found = measure_stars(a_field(), PLACES, FWHM_PX)
    assert found.offset_px == pytest.approx([0, 0, 0], abs=1e-3)
    assert found.flux == pytest.approx([10_000] * 3, rel=1e-3)


@pytest.mark.parametrize("shift", [(0.02, 0.0), (0.3, -0.4), (-1.2, 1.6)])
def test_the_offset_is_how_far_a_star_is_from_its_place(shift):
    found = measure_stars(a_field(PLACES + shift), PLACES, FWHM_PX)
    assert found.offset_px == pytest.approx([math.hypot(*shift)] * 3, abs=2e-3)


def test_the_half_flux_radius_of_a_gaussian():
    # The mean distance from the centre of a round Gaussian is sigma sqrt(pi / 2).
    found = measure_stars(a_field(), PLACES, FWHM_PX)
    assert found.hfr_px == pytest.approx([SIGMA_PX * math.sqrt(math.pi / 2)] * 3, rel=0.01)


def test_where_nothing_shines_there_is_no_star():
    empty = np.full((120, 140), np.nan, np.float32)
    assert np.isnan(measure_stars(empty, PLACES, FWHM_PX).offset_px).all()


def test_only_bright_stars_alone_and_inside_are_measured():
    xy = np.array([[100.0, 100.0], [200.0, 100.0], [206.0, 100.0], [100.0, 200.0], [3.0, 100.0], [200.0, 200.0]])
    flux = np.array([5e4, 5e4, 1e3, 5e6, 5e4, 1e2])
    assert isolated(xy, flux, (300, 300), (1e4, 2e5)).tolist() == [0]


def test_a_faint_neighbour_does_not_spoil_a_star():
    xy = np.array([[100.0, 100.0], [100.0 + STAMP_RADIUS_PX / 2, 100.0]])
    assert isolated(xy, np.array([5e4, 4e2]), (300, 300), (1e4, 2e5)).tolist() == [0]


@pytest.mark.parametrize("noise", [1.0, 20.0])
def test_noise_is_that_of_means_of_64_pixels(noise):
    plane = np.random.default_rng(1).normal(500, noise, (1000, 1000)).astype(np.float32)
    assert block_noise(plane) == pytest.approx(noise / 8, rel=0.03)


def test_noise_sees_neither_gradient_nor_stars():
    y, x = np.mgrid[:1000, :1000]
    plane = np.random.default_rng(1).normal(500, 8, (1000, 1000)) + 0.5 * x + 0.2 * y
    bright = np.random.default_rng(2).integers(0, 1000, (2, 200))
    plane[bright[0], bright[1]] += 1e5
    assert block_noise(plane.astype(np.float32)) == pytest.approx(1.0, rel=0.08)


def test_noise_is_the_same_after_interpolation():
    plane = np.random.default_rng(1).normal(500, 8, (1000, 1001)).astype(np.float32)
    between = (plane[:, 1:] + plane[:, :-1]) / 2
    assert between.std() < 0.75 * plane.std()
    assert block_noise(between) == pytest.approx(1.0, rel=0.06)


@pytest.mark.parametrize("along_deg", [0.0, 35.0, 90.0, 140.0])
def test_a_trail_is_what_the_line_has_over_its_sides(along_deg):
    line, ends = a_line((400, 400), along_deg, peak=60.0)
    # Half, all and half of the peak at the three places across.
    assert trail_excess(line + 1000, ends, FWHM_PX) == pytest.approx(40.0, rel=0.05)


def test_a_piece_of_a_trail_counts_by_its_length():
    line, ends = a_line((400, 400), 0.0, peak=60.0, from_x=319.5)
    assert trail_excess(line, ends, FWHM_PX) == pytest.approx(40.0 * 30 / 300, rel=0.25)


def test_a_trail_is_seen_under_noise_and_beside_stars():
    line, ends = a_line((400, 400), 20.0, peak=6.0)
    y, x = np.mgrid[:400, :400]
    plane = line + 0.3 * x + np.random.default_rng(1).normal(0, 2, (400, 400))
    plane += 1000 * np.exp(-((x - 300) ** 2 + (y - 253) ** 2) / (2 * SIGMA_PX**2))
    assert trail_excess(plane.astype(np.float32), ends, FWHM_PX) == pytest.approx(4.0, abs=0.8)


def test_a_picture_without_a_trail_has_none():
    _, ends = a_line((400, 400), 20.0, peak=0.0)
    plane = np.random.default_rng(1).normal(0, 2, (400, 400)).astype(np.float32)
    assert trail_excess(plane, ends, FWHM_PX) == pytest.approx(0.0, abs=0.5)
