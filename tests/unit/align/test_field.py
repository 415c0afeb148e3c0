from __future__ import annotations

import numpy as np

from indistack.align.field import field_of
from tests.unit.align.fields import scene_of, star_list


def test_the_first_stars_come_from_every_part_and_are_not_saturated() -> None:
    rng = np.random.default_rng(0)
    crowd, rest = rng.random((40, 2)) * 200, rng.random((60, 2)) * [1800, 1300] + 200
    stars = star_list(np.concatenate([crowd, rest]))  # the crowd is brighter
    stars.saturated[:5] = True
    field = field_of(scene_of(stars))
    first = field.order[:30]
    assert (field.xy[first] > 200).any(axis=1).sum() >= 25
    assert not set(first.tolist()) & set(range(5))


def test_stars_without_a_place_are_left_out_and_faint_ones_where_there_are_others() -> None:
    xy = np.random.default_rng(0).random((300, 2)) * 1000
    xy[7] = np.nan
    flux = np.where(np.arange(300) < 150, 1e5, 800.0)
    assert len(field_of(scene_of(star_list(xy, flux)))) == 149
    assert len(field_of(scene_of(star_list(xy[100:180], flux[100:180])))) == 80


def test_what_is_left_without_some_keeps_its_order() -> None:
    field = field_of(scene_of(star_list(np.random.default_rng(0).random((50, 2)) * 1000)))
    left = field.without(np.array([0, 3, 49]))
    assert len(left) == 47
    expected = [place for place in field.order if place not in (0, 3, 49)]
    np.testing.assert_array_equal(left.xy[left.order], field.xy[expected])
    np.testing.assert_array_equal(field.first(5).xy, field.xy[field.order[:5]])


def test_a_centroid_that_surely_lies_between_pixels_is_marked() -> None:
    xy = np.array([[10.0, 20.1], [10.3, 20.0], [10.5, 20.5], [9.9, 30.0]])
    assert field_of(scene_of(star_list(xy, np.full(4, 1e5)))).between.tolist() == [False, True, True, False]
    # 0.16 px of error each: 0.3 px off the centre is nothing sure, 0.5 px is
    assert field_of(scene_of(star_list(xy, np.full(4, 510.0)))).between.tolist() == [False, False, True, False]


def test_the_centroid_error_is_that_of_a_gaussian_in_noise() -> None:
    # s = 3 / 2.3548 = 1.274; sqrt(8 pi) s^2 noise / flux = 5.013 * 1.623 * 10 / 1000 = 0.0814
    np.testing.assert_allclose(
        field_of(scene_of(star_list(np.ones((1, 2)), np.array([1000.0])))).sigma, [0.0814], atol=1e-4
    )


def test_saturated_stars_are_left_out_where_there_are_others_enough() -> None:
    xy = np.random.default_rng(0).random((150, 2)) * 1000
    for saturated, left in ((50, 100), (51, 150)):
        stars = star_list(xy, np.full(150, 1e5))
        stars.saturated[:saturated] = True
        assert len(field_of(scene_of(stars))) == left


def test_narrow_points_on_pixel_centres_are_left_out_where_stars_are_wider() -> None:
    rng = np.random.default_rng(0)
    between, on = rng.random((30, 2)) * 0.4 + 0.3 + rng.integers(0, 900, (30, 2)), rng.integers(0, 900, (40, 2))
    xy = np.concatenate([between, on])
    for width_px, left in ((1.2, 30), (2.2, 30), (2.9, 70)):
        width = np.concatenate([np.full(30, 3.0), np.full(40, width_px)])
        assert len(field_of(scene_of(star_list(xy, None, width)))) == left
    # a simulator that draws all its stars there
    assert len(field_of(scene_of(star_list(xy[25:], None, np.where(np.arange(45) < 5, 3.0, 1.2))))) == 45
