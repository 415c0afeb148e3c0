"""What every aligner promises: those that work on stars with star lists, those that work on pictures with pictures."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align import ALIGNERS, Aligner, AlignSettings
from indistack.errors import RegistrationError
from indistack.values.transform import Transform
from tests.unit.align.fields import Pair, corner_error, motion, pair_of, scene_of, star_list

ON_STARS = [name for name in sorted(ALIGNERS) if ALIGNERS.get(name).needs_stars]
ON_PICTURES = [name for name in sorted(ALIGNERS) if ALIGNERS.get(name).needs_luminance and name not in ON_STARS]
STILL = [name for name in sorted(ALIGNERS) if name not in ON_STARS and name not in ON_PICTURES]
"""Aligners that take every sub as it lies: what moves is not for them, by definition."""

TOLERANCE_PX = {"asterism": 0.1, "auto": 0.1}
"""Worst corner error for 100 stars of 0.05 px each."""

MOTIONS = {
    "shift": motion(0, 14.3, -8.7),
    "field rotation": motion(1.5, 5.0, 3.0),
    "large shift": motion(0.2, 620.0, -410.0),
    "meridian flip": motion(180.3, -30.0, 22.0),
    "any angle": motion(77.0, 100.0, 50.0),
    "focus": motion(0.1, 3.0, 4.0, 1.01),
}


@pytest.fixture(params=ON_STARS + STILL)
def aligner(request: pytest.FixtureRequest) -> Aligner:
    return ALIGNERS.get(request.param)(AlignSettings(method=request.param))


@pytest.fixture(params=ON_STARS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def moving(name: str) -> Aligner:
    return ALIGNERS.get(name)(AlignSettings(method=name))


def error_px(aligner: Aligner, pair: Pair, guess: Transform | None = None) -> float:
    return corner_error(aligner.register(pair.sub, pair.reference, guess).matrix, pair.matrix)


def test_a_frame_lies_on_itself(aligner: Aligner) -> None:
    scene = pair_of(motion(0, 0, 0)).reference
    transform = aligner.register(scene, scene, None)
    np.testing.assert_allclose(transform.matrix, np.eye(3), atol=1e-9)
    assert transform.rms_px < 1e-9


def test_a_field_that_stood_still_is_not_suspicious(aligner: Aligner) -> None:
    assert error_px(aligner, pair_of(motion(0, 0, 0), lost=0.1)) < 0.1


@pytest.mark.parametrize("kind", MOTIONS)
def test_a_known_transform_is_found(name: str, moving: Aligner, kind: str) -> None:
    pair = pair_of(MOTIONS[kind], n=200)
    transform = moving.register(pair.sub, pair.reference, None)
    assert corner_error(transform.matrix, pair.matrix) < TOLERANCE_PX[name]
    assert transform.rms_px == pytest.approx(0.1, rel=0.3)  # 0.05 px in each axis of each frame
    assert transform.matched >= 40


@pytest.mark.parametrize("kind", MOTIONS)
def test_there_and_back_is_the_identity(name: str, moving: Aligner, kind: str) -> None:
    pair = pair_of(MOTIONS[kind], n=200)
    there = moving.register(pair.sub, pair.reference, None).matrix
    back = moving.register(pair.reference, pair.sub, None).matrix
    assert corner_error(back @ there, np.eye(3)) < 2 * TOLERANCE_PX[name]


@pytest.mark.parametrize("kind", MOTIONS)
def test_a_guess_helps_and_a_wrong_one_does_no_harm(name: str, moving: Aligner, kind: str) -> None:
    pair = pair_of(MOTIONS[kind], n=200)
    near = Transform(motion(0.05, 2.0, -3.0) @ pair.matrix)
    for guess in (near, Transform(motion(33.0, 500.0, 90.0))):
        assert error_px(moving, pair, guess) < TOLERANCE_PX[name]


@pytest.mark.parametrize("kind", MOTIONS)
def test_lost_stars_do_not_matter(name: str, moving: Aligner, kind: str) -> None:
    assert error_px(moving, pair_of(MOTIONS[kind], n=200, lost=0.4)) < 2 * TOLERANCE_PX[name]


@pytest.mark.parametrize("kind", MOTIONS)
def test_spurious_stars_do_not_matter(name: str, moving: Aligner, kind: str) -> None:
    pair = pair_of(MOTIONS[kind])
    rng = np.random.default_rng(8)
    false = star_list(rng.random((80, 2)) * [2000, 1500], 10 ** rng.uniform(3, 5, 80))
    xy = np.concatenate([pair.sub.stars.xy, false.xy])
    both = star_list(xy, np.concatenate([pair.sub.stars.flux, false.flux]))
    assert error_px(moving, pair.with_sub(both)) < 2 * TOLERANCE_PX[name]


def test_the_order_of_the_stars_does_not_matter(name: str, moving: Aligner) -> None:
    pair = pair_of(MOTIONS["field rotation"])
    shuffled = np.random.default_rng(2).permutation(len(pair.sub.stars))
    assert error_px(moving, pair.with_sub(pair.sub.stars.take(shuffled))) < TOLERANCE_PX[name]


@pytest.mark.parametrize("hot", [5, 40, 150])
@pytest.mark.parametrize("kind", MOTIONS)
def test_hot_pixels_that_stand_still_make_no_zero_shift(name: str, moving: Aligner, kind: str, hot: int) -> None:
    assert error_px(moving, pair_of(MOTIONS[kind], lost=0.2, hot=hot)) < 2 * TOLERANCE_PX[name]


@pytest.mark.parametrize("hot", [8, 40, 150])
def test_hot_pixels_alone_are_refused(moving: Aligner, hot: int) -> None:
    here, elsewhere = pair_of(motion(0, 0, 0), hot=hot, seed=1), pair_of(motion(0, 0, 0), hot=hot, seed=2)
    fixed = np.flatnonzero(elsewhere.reference.stars.fwhm < 2)
    pixels = here.reference.stars.take(np.flatnonzero(here.reference.stars.fwhm < 2))
    other = elsewhere.reference.stars
    xy = other.xy
    xy[fixed] = pixels.xy
    sub = scene_of(star_list(xy, other.flux, other.fwhm))
    for guess in (None, Transform.identity()):
        with pytest.raises(RegistrationError) as caught:
            moving.register(sub, here.reference, guess)
        assert caught.value.reason in ("fixed_pattern", "no_match")


@pytest.mark.parametrize("seed", range(8))
def test_another_field_is_refused(moving: Aligner, seed: int) -> None:
    n = int(np.geomspace(12, 1500, 8)[seed])
    sub, reference = pair_of(motion(0, 0, 0), n, seed).sub, pair_of(motion(0, 0, 0), n, seed + 100).reference
    with pytest.raises(RegistrationError) as caught:
        moving.register(sub, reference, Transform.identity())
    assert caught.value.reason == "no_match"


def test_a_mirrored_field_is_refused(moving: Aligner) -> None:
    pair = pair_of(MOTIONS["shift"])
    stars = pair.sub.stars
    mirrored = star_list(np.column_stack([1999 - stars.x, stars.y]), stars.flux)
    with pytest.raises(RegistrationError):
        moving.register(scene_of(mirrored), pair.reference, None)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_too_few_stars_are_refused(moving: Aligner, count: int) -> None:
    pair = pair_of(MOTIONS["shift"])
    few = pair.with_sub(pair.sub.stars.take(slice(count)))
    for sub, reference in ((few.sub, few.reference), (few.reference, few.sub)):
        with pytest.raises(RegistrationError) as caught:
            moving.register(sub, reference, None)
        assert caught.value.reason == "too_few_stars"
        assert caught.value.numbers["limit"] == 6


def test_the_same_input_gives_the_same_bits(aligner: Aligner) -> None:
    pair = pair_of(motion(0.4, 3, 4), lost=0.3, hot=20)
    first, second = (aligner.register(pair.sub, pair.reference, None) for _ in range(2))
    assert first.matrix.tobytes() == second.matrix.tobytes()
    assert (first.matched, first.rms_px) == (second.matched, second.rms_px)


def test_the_scenes_are_not_changed(aligner: Aligner) -> None:
    pair = pair_of(motion(0.4, 3, 4))
    before = [array.copy() for array in (pair.sub.stars.x, pair.reference.stars.flux)]
    aligner.register(pair.sub, pair.reference, None)
    np.testing.assert_array_equal(pair.sub.stars.x, before[0])
    np.testing.assert_array_equal(pair.reference.stars.flux, before[1])
