from __future__ import annotations

import numpy as np
import pytest

from indistack.align.field import StarField, field_of
from indistack.align.still import nothing_moved, rests_between_pixels, stands_still
from indistack.align.verify import GeometricMatch, Verifier
from indistack.values.transform import Transform
from tests.unit.align.fields import motion, scene_of, star_list

STILL = Transform.identity()


def fields(centred: int, between: int, strays: int = 0, fwhm: float = 3.0, stray_fwhm: float = 3.0) -> list[StarField]:
    """Two frames with so many still points on pixel centres and between them, and stars elsewhere in each."""
    rng = np.random.default_rng(1)
    on = rng.integers(50, 1400, (centred, 2)).astype(float)
    off = rng.integers(50, 1400, (between, 2)) + rng.uniform(0.2, 0.8, (between, 2))
    made = []
    for _ in range(2):
        xy = np.concatenate([on, off, rng.integers(50, 1400, (strays, 2)) + rng.uniform(0.2, 0.8, (strays, 2))])
        width = np.concatenate([np.full(centred + between, fwhm), np.full(strays, stray_fwhm)])
        made.append(field_of(scene_of(star_list(xy, np.full(len(xy), 1e5), width))))
    return made


def still_match(pair: list[StarField]) -> GeometricMatch:
    match = Verifier(*pair).verify(STILL, 1, 3.0)
    assert match is not None
    return match


@pytest.mark.parametrize(("matrix", "expected"), [(motion(0, 0.6, 0.6), True), (motion(0, 0.8, 0), False)])
def test_standing_still_is_less_than_a_pixel_at_every_corner(matrix: np.ndarray, expected: bool) -> None:
    pair = fields(0, 20)
    match = still_match(pair)
    moved = GeometricMatch(Transform(matrix), match.sub, match.reference, -20.0, -20.0, 1.0, 1.0)
    assert stands_still(moved, pair[0]) is expected


@pytest.mark.parametrize(
    ("centred", "between", "strays", "expected"),
    [
        (2, 20, 0, True),
        (2, 20, 20, True),
        (2, 20, 40, False),  # two in three of what lies between pixels has moved
        (2, 5, 0, False),  # fewer than six
        (20, 10, 0, False),  # most lies on pixel centres
    ],
)
def test_stars_lie_between_pixels(centred: int, between: int, strays: int, expected: bool) -> None:
    pair = fields(centred, between, strays)
    assert rests_between_pixels(still_match(pair), *pair, least=6) is expected


def test_what_stands_still_is_not_narrower_than_what_moves() -> None:
    for fwhm, expected in ((2.5, True), (2.3, False)):
        pair = fields(0, 20, 15, fwhm)
        assert rests_between_pixels(still_match(pair), *pair, least=6) is expected


@pytest.mark.parametrize(
    ("strays", "fwhm", "guess", "expected"),
    [
        (0, 3.0, STILL, True),
        (0, 1.4, STILL, False),  # single pixels
        (0, 3.0, Transform(motion(0, 1.9, 0)), True),
        (0, 3.0, Transform(motion(0, 2.1, 0)), False),  # the mount did move
        (1, 3.0, STILL, False),  # one in each frame: a star, elsewhere
    ],
)
def test_points_on_pixel_centres_are_stars_where_nothing_speaks_against_it(
    strays: int, fwhm: float, guess: Transform, expected: bool
) -> None:
    pair = fields(30, 0, strays, fwhm)
    assert nothing_moved(still_match(pair), *pair, guess) is expected


def test_one_stray_in_a_field_is_noise() -> None:
    pair = [fields(30, 0, 1)[0], fields(30, 0, 0)[1]]
    assert nothing_moved(still_match(pair), *pair, STILL)
