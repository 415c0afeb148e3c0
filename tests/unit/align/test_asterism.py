from __future__ import annotations

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import RegistrationError
from indistack.values.transform import Bend, Transform
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


def scattered(apart_px: float, seed: int) -> Pair:
    """Two small frames with the same five stars, each of them so far (rms) from where it should be."""
    rng = np.random.default_rng(seed)
    places, matrix = rng.uniform((50, 50), (910, 590), (5, 2)), motion(2, 6, -4)
    ours = mapped(np.linalg.inv(matrix), places) + rng.normal(0, apart_px / 2**0.5, (5, 2))
    width, height = 960, 640
    return Pair(scene_of(star_list(ours), width, height), scene_of(star_list(places), width, height), matrix)


def test_five_of_five_are_enough_where_they_lie_near_enough() -> None:
    near, far = ([scattered(px, seed) for seed in range(10)] for px in (0.05, 3.0))
    assert all(register(pair, min_matched=5).matched == 5 for pair in near)
    assert {reason_of(pair, min_matched=5) for pair in far} == {"no_match"}


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


def seen_through(transform: Transform, pair: Pair) -> Pair:
    """The pair with its reference as a further transform maps it."""
    return Pair(pair.sub, scene_of(star_list(transform.apply(pair.reference.stars.xy))), pair.matrix)


SHEAR = Transform(np.array([[1.002, 0.001, 0], [0, 1, 0], [0, 0, 1]]))
TILT = Transform(np.array([[1, 0, 0], [0, 1, 0], [6e-7, -4e-7, 1]]))
DISTORTION = np.array([[4.0, -1.0, 2.0], [2.0, 5.0, -3.0]])
LENS = Transform(np.eye(3), bend=Bend((1000.0, 750.0), 1250.0, DISTORTION))
CORNERS = np.array([[0.0, 0], [1999, 0], [0, 1499], [1999, 1499]])


def worst_corner(found: Transform, pair: Pair, then: Transform) -> float:
    return float(np.hypot(*(found.apply(CORNERS) - then.apply(mapped(pair.matrix, CORNERS))).T).max())


@pytest.mark.parametrize(
    ("model", "then", "limit_px"), [("affine", SHEAR, 0.1), ("homography", TILT, 0.1), ("quadratic", LENS, 0.2)]
)
def test_a_richer_model_takes_what_a_similarity_cannot(model: str, then: Transform, limit_px: float) -> None:
    pair = pair_of(motion(1, 10, 10), n=300)
    seen = seen_through(then, pair)
    assert worst_corner(register(seen, model=model), pair, then) < limit_px
    assert worst_corner(register(seen), pair, then) < limit_px  # the residuals demand it
    assert worst_corner(register(seen, model="similarity"), pair, then) > 0.5


@pytest.mark.parametrize("strength", [1, 4])
def test_stars_that_a_lens_has_carried_off_are_matched_again(strength: float) -> None:
    pair = pair_of(motion(1, 10, 10), n=300)
    lens = Transform(np.eye(3), bend=Bend((1000.0, 750.0), 1250.0, strength * DISTORTION))
    found = register(seen_through(lens, pair))
    assert found.bend is not None
    assert found.matched > 0.95 * register(pair).matched
    assert found.rms_px < 0.12


def test_a_plain_field_stays_a_similarity() -> None:
    found = register(pair_of(motion(1, 10, 10), n=300))
    assert found.bend is None
    a, b = found.matrix[0, :2]
    np.testing.assert_array_equal(found.matrix[1, :2], [-b, a])


def test_the_error_of_the_transform_is_told() -> None:
    errors = []
    for n in (100, 1000):
        found = register(pair_of(motion(1, 10, 10), n=n))
        assert found.error_px is not None
        assert found.corner_error_px is not None
        # 0.05 px in each axis of each frame: sqrt(2 axes) * sqrt(2 frames) * 0.05 / sqrt(stars) at their middle
        assert found.error_px == pytest.approx(0.1 / np.sqrt(found.matched), rel=0.25)
        assert 1.5 < found.corner_error_px / found.error_px < 3
        errors.append(found.error_px)
    assert errors[1] < errors[0] / 2


def mirrored_pair() -> Pair:
    pair = pair_of(motion(25, 12, -30), n=150)
    stars = pair.sub.stars
    turned_over = star_list(np.column_stack([1999 - stars.x, stars.y]), stars.flux)
    return Pair(scene_of(turned_over), pair.reference, pair.matrix @ [[-1, 0, 1999], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("setting", "plain", "turned"), [(False, True, False), (True, False, True), ("auto", True, True)]
)
def test_mirrored_says_which_way_round_a_sub_may_lie(setting: object, plain: bool, turned: bool) -> None:
    for pair, allowed in ((pair_of(motion(25, 12, -30), n=150), plain), (mirrored_pair(), turned)):
        if allowed:
            first = register(pair, mirrored=setting)
            assert corner_error(first.matrix, pair.matrix) < 0.1
            assert corner_error(register(pair, first, mirrored=setting).matrix, pair.matrix) < 0.1
        else:
            assert reason_of(pair, mirrored=setting) == "no_match"


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
    ("fwhm", "centred", "moved", "reason"),
    [
        (WIDE, False, 0, None),  # a perfectly tracked field
        (WIDE, False, 20, None),  # the same, with clouds or noise
        (WIDE, True, 0, None),  # a simulator that draws its stars on pixel centres
        (NARROW, True, 0, "fixed_pattern"),  # hot pixels
        (NARROW, True, 20, "no_match"),  # hot pixels, left out where there are stars; those are of different fields
        (WIDE, True, 20, "fixed_pattern"),  # hot pixels widened by a debayer, and stars of different fields
        (NARROW, False, 40, "fixed_pattern"),  # pairs of hot pixels, and stars of different fields
        (WIDE, False, 120, "fixed_pattern"),  # most has moved
    ],
)
def test_a_zero_shift_is_believed_of_stars_only(fwhm: float, centred: bool, moved: int, reason: str | None) -> None:
    pair = still_points(fwhm, centred, moved)
    if reason is None:
        assert corner_error(register(pair).matrix, np.eye(3)) < 0.1
    else:
        assert reason_of(pair) == reason


@pytest.mark.parametrize("hot_fwhm_px", [NARROW, 2.8])
def test_the_stars_win_over_three_times_as_many_hot_pixels(hot_fwhm_px: float) -> None:
    pair = pair_of(motion(0.3, 25, -14), n=40, hot=120, hot_fwhm_px=hot_fwhm_px)
    for guess in (None, Transform.identity(), Transform(pair.matrix)):
        transform = register(pair, guess)
        assert corner_error(transform.matrix, pair.matrix) < 0.3
        assert transform.matched < 60
