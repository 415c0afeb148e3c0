from __future__ import annotations

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import RegistrationError
from indistack.frame import Transform
from tests.unit.align.fields import Pair, corner_error, mapped, motion, pair_of, scene_of, star_list

NARROW, WIDE = 1.2, 3.0


def register(pair: Pair, guess: Transform | None = None, **settings: object) -> Transform:
    return ALIGNERS.get("asterism")(AlignSettings(**settings)).register(pair.sub, pair.reference, guess)  # type: ignore[arg-type]


def reason_of(pair: Pair, **settings: object) -> str:
    with pytest.raises(RegistrationError) as caught:
        register(pair, **settings)
    return caught.value.reason


def few(count: int, angle: float = 30.0) -> Pair:
    """Two frames that share exactly `count` stars and have two more each."""
    rng = np.random.default_rng(count)
    matrix = motion(angle, 12, -7)
    shared = rng.random((count, 2)) * [1000, 700] + [500, 400]
    ours = np.concatenate([mapped(np.linalg.inv(matrix), shared), rng.random((2, 2)) * 1000])
    theirs = np.concatenate([shared, rng.random((2, 2)) * 1000])
    return Pair(scene_of(star_list(ours)), scene_of(star_list(theirs)), matrix)


def test_six_shared_stars_are_enough_and_five_are_not() -> None:
    assert corner_error(register(few(6)).matrix, few(6).matrix) < 0.01
    assert register(few(6)).matched == 6
    assert reason_of(few(5)) == "no_match"


def test_min_matched_decides_how_many_are_enough() -> None:
    assert register(few(8), min_matched=8).matched == 8
    assert reason_of(few(8), min_matched=9) == "no_match"


def test_max_rms_px_decides_how_well_they_must_lie() -> None:
    pair = pair_of(motion(2, 10, 10), n=300, jitter_px=0.3)
    assert register(pair).rms_px == pytest.approx(0.6, rel=0.2)  # sqrt(2 axes * 2 frames) * 0.3
    assert reason_of(pair, max_rms_px=0.4) == "no_match"


def test_max_scale_change_decides_how_much_larger_a_sub_may_be() -> None:
    pair = pair_of(motion(20, 10, 10, 1.06), n=200)
    assert reason_of(pair) == "no_match"
    assert corner_error(register(pair, max_scale_change=0.08).matrix, pair.matrix) < 0.1


def test_an_affine_model_takes_a_shear_that_a_similarity_cannot() -> None:
    pair = pair_of(motion(1, 10, 10), n=300)
    shear = np.array([[1.002, 0.001, 0], [0, 1, 0], [0, 0, 1]])
    sheared = Pair(pair.sub, scene_of(star_list(mapped(shear, pair.reference.stars.xy))), shear @ pair.matrix)
    assert corner_error(register(sheared, model="affine").matrix, sheared.matrix) < 0.2
    assert corner_error(register(sheared).matrix, sheared.matrix) > 0.5


def test_ten_thousand_stars() -> None:
    pair = pair_of(motion(40, 100, -60), n=10_000)
    transform = register(pair)
    assert corner_error(transform.matrix, pair.matrix) < 0.02
    assert transform.matched > 3000


def test_a_guess_does_not_widen_what_the_scale_may_be() -> None:
    pair = pair_of(motion(20, 10, 10, 1.06), n=200)
    with pytest.raises(RegistrationError):
        register(pair, Transform(pair.matrix))


def test_stars_of_one_place_do_not_tell_where_the_far_corner_is() -> None:
    place = np.random.default_rng(0).random((10, 2)) * 150 + 20
    noise = np.random.default_rng(1).normal(0, 0.3, (10, 2))
    pair = Pair(scene_of(star_list(place + 3 + noise)), scene_of(star_list(place)), np.eye(3))
    assert reason_of(pair) == "no_match"


def test_a_match_of_one_place_is_none_where_there_are_stars_all_over() -> None:
    rng = np.random.default_rng(0)
    place = rng.random((14, 2)) * 300 + 100
    others = [rng.random((50, 2)) * [2000, 1500] for _ in range(2)]
    ours, theirs = np.concatenate([place + 5, others[0]]), np.concatenate([place, others[1]])
    assert reason_of(Pair(scene_of(star_list(ours)), scene_of(star_list(theirs)), np.eye(3))) == "no_match"


def still_points(fwhm: float, centred: bool, moved: int, points: int = 40) -> Pair:
    """Points that stand still, and stars that are elsewhere in each frame."""
    rng = np.random.default_rng(3)
    fixed = rng.random((points, 2)) * [1900, 1400] + 50
    fixed = np.rint(fixed) if centred else fixed
    scenes = []
    for _ in range(2):
        others = rng.random((moved, 2)) * [1900, 1400] + 50
        xy = np.concatenate([fixed + rng.normal(0, 0.03, fixed.shape), others])
        flux = 10 ** rng.uniform(3.5, 5, len(xy))
        width = np.concatenate([np.full(points, fwhm), np.full(moved, WIDE)])
        scenes.append(scene_of(star_list(xy, flux, width)))
    return Pair(scenes[0], scenes[1], np.eye(3))


@pytest.mark.parametrize(
    ("fwhm", "centred", "moved", "accepted"),
    [
        (WIDE, False, 0, True),  # a perfectly tracked field
        (WIDE, False, 20, True),  # the same, with clouds or noise
        (WIDE, True, 0, True),  # a simulator that draws its stars on pixel centres
        (NARROW, True, 0, False),  # hot pixels
        (NARROW, True, 20, False),  # hot pixels, and stars of different fields
        (WIDE, True, 20, False),  # hot pixels widened by a debayer, and stars of different fields
        (NARROW, False, 40, False),  # pairs of hot pixels, and stars of different fields
        (WIDE, False, 120, False),  # most has moved
    ],
)
def test_a_zero_shift_is_believed_of_stars_only(fwhm: float, centred: bool, moved: int, accepted: bool) -> None:
    pair = still_points(fwhm, centred, moved)
    if accepted:
        assert corner_error(register(pair).matrix, np.eye(3)) < 0.1
    else:
        assert reason_of(pair) == "fixed_pattern"


def test_the_stars_win_over_three_times_as_many_hot_pixels() -> None:
    pair = pair_of(motion(0.3, 25, -14), n=40, hot=120)
    transform = register(pair, Transform.identity())
    assert corner_error(transform.matrix, pair.matrix) < 0.3
    assert transform.matched < 60
