"""What every aligner promises that works on pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.align import ALIGNERS, Aligner, AlignSettings
from indistack.errors import RegistrationError
from indistack.values.star_list import Scene
from indistack.values.transform import Transform
from tests.unit.align.pictures import HEIGHT, WIDTH, HotPixels, Sky, changed, corner_error_px, moved, scene_of

NAMES = [name for name in sorted(ALIGNERS) if ALIGNERS.get(name).needs_luminance and not ALIGNERS.get(name).needs_stars]

TOLERANCE_PX = {"centroid": 0.1, "disk": 0.1, "ecc": 0.15, "phase": 0.1, "template": 0.1}
"""Worst corner error where the scene stands 100 times above the noise."""

NOTHING_THERE = {
    "centroid": "no_star", "disk": "no_limb", "ecc": "no_contrast", "phase": "no_contrast", "template": "no_contrast",
}  # fmt: skip
LOST_PX = {"ecc": 2.0}
"""Worst corner error where a third of the picture lies in shadow, else 5 times the tolerance: `ecc` follows the
shadow's edge a little way."""
BY_ONE_THING = ["centroid", "disk"]
"""Aligners that follow one star or limb and do not compare what else is in the picture."""

SHIFTS = {
    "small": (14.3, -8.7),
    "half a pixel": (0.5, -0.5),
    "half a binned pixel": (1.0, 3.0),
    "large": (-130.4, -90.7),
    "40 % of the frame": (318.2, 33.3),
}

SETTINGS: dict[str, dict[str, Any]] = {
    "template": {"search_px": 500.0, "box": [420.0, 150.0, 230.0, 260.0]},
    "centroid": {"search_px": 1200.0},
    "ecc": {"model": "translation"},
}
"""A search that reaches over the whole frame; and no rotation, which one disk and one star do not tell well."""


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def aligner(name: str) -> Aligner:
    return make(name)


def make(name: str, **settings: Any) -> Aligner:
    return ALIGNERS.get(name)(AlignSettings(method=name, **SETTINGS | settings))


@pytest.fixture(scope="module")
def reference() -> Scene:
    return Sky().look()


def error_px(aligner: Aligner, sub: Scene, reference: Scene, true: Any, guess: Transform | None = None) -> float:
    return corner_error_px(aligner.register(sub, reference, guess).matrix, true)


def refusal(aligner: Aligner, sub: Scene, reference: Scene) -> str:
    with pytest.raises(RegistrationError) as caught:
        aligner.register(sub, reference, None)
    assert caught.value.detail
    return caught.value.reason


def test_a_scene_lies_on_itself(aligner: Aligner, reference: Scene) -> None:
    assert error_px(aligner, reference, reference, np.eye(3)) < 0.02


@pytest.mark.parametrize("kind", SHIFTS)
def test_a_known_shift_is_found(name: str, aligner: Aligner, reference: Scene, kind: str) -> None:
    true = moved(*SHIFTS[kind])
    assert error_px(aligner, Sky().look(true, seed=2), reference, true) < TOLERANCE_PX[name]


@pytest.mark.parametrize("kind", SHIFTS)
def test_there_and_back_is_the_identity(name: str, aligner: Aligner, reference: Scene, kind: str) -> None:
    sub = Sky().look(moved(*SHIFTS[kind]), seed=2)
    anywhere = make(name, template={"search_px": 500.0})  # not the box that was right in the other picture
    there, back = aligner.register(sub, reference, None).matrix, anywhere.register(reference, sub, None).matrix
    assert corner_error_px(back @ there, np.eye(3)) < 2 * TOLERANCE_PX[name]


def test_a_guess_helps_and_a_wrong_one_does_no_harm(name: str, aligner: Aligner, reference: Scene) -> None:
    true = moved(-130.4, -90.7)
    sub = Sky().look(true, seed=2)
    for guess in (moved(-128.0, -95.0), moved(500.0, 90.0, 33.0)):
        assert error_px(aligner, sub, reference, true, Transform(guess)) < TOLERANCE_PX[name]


def test_gain_and_offset_do_not_matter(name: str, aligner: Aligner, reference: Scene) -> None:
    true = moved(31.3, -18.7)
    for scale, offset in ((1.7, 300.0), (0.4, 0.0)):
        sub = changed(Sky().look(true, seed=2), lambda plane, a=scale, b=offset: a * plane + b)
        assert error_px(aligner, sub, reference, true) < TOLERANCE_PX[name]


def test_noise_costs_precision_and_no_more(name: str, aligner: Aligner) -> None:
    true = moved(31.3, -18.7)
    sub, noisy = Sky().look(true, noise=200.0, seed=2), Sky().look(noise=200.0)
    assert error_px(aligner, sub, noisy, true) < 5 * TOLERANCE_PX[name]


def test_a_fixed_gradient_does_not_hold_the_scene(name: str, aligner: Aligner, reference: Scene) -> None:
    """Vignetting and a gradient, that stay where they are on the sensor."""
    true = moved(63.3, -41.7)
    y, x = np.mgrid[-1 : 1 : HEIGHT // 2 * 1j, -1 : 1 : WIDTH // 2 * 1j]
    both = [
        changed(scene, lambda plane: (plane + 900 * x - 700 * y) * (1 - 0.3 * (x**2 + y**2)))
        for scene in (Sky().look(true, seed=2), reference)
    ]
    assert error_px(aligner, both[0], both[1], true) < 3 * TOLERANCE_PX[name]


@pytest.mark.parametrize("count", [3, 60, 300])
def test_hot_pixels_that_stand_still_make_no_zero_shift(
    name: str, aligner: Aligner, reference: Scene, count: int
) -> None:
    true, hot = moved(63.3, -41.7), HotPixels(count)
    sub = changed(Sky().look(true, seed=2), hot)
    assert error_px(aligner, sub, changed(reference, hot), true) < 2 * TOLERANCE_PX[name]


def test_hot_pixels_alone_are_refused(name: str, aligner: Aligner) -> None:
    hot, nothing = HotPixels(200), Sky((0, 0, 0), (0, 0, 0), 0)
    sub, reference = (changed(nothing.look(seed=seed), hot) for seed in (1, 2))
    assert refusal(aligner, sub, reference) in (NOTHING_THERE[name], "no_match")


def test_lost_content_does_not_matter(name: str, aligner: Aligner, reference: Scene) -> None:
    """A cloud's edge takes most of the light from a third of the picture."""
    true = moved(31.3, -18.7)
    dim = np.ones(WIDTH // 2)
    dim[290:] = 0.25
    sub = changed(Sky().look(true, seed=2), lambda plane: plane * dim)
    assert error_px(aligner, sub, reference, true) < LOST_PX.get(name, 5 * TOLERANCE_PX[name])


def test_the_same_picture_everywhere_is_refused(name: str, aligner: Aligner, reference: Scene) -> None:
    flat = scene_of(np.full((HEIGHT // 2, WIDTH // 2), 500.0, np.float32))
    assert refusal(aligner, flat, flat) == NOTHING_THERE[name]
    assert refusal(aligner, flat, reference) == NOTHING_THERE[name]


def test_noise_alone_is_refused(name: str, aligner: Aligner) -> None:
    nothing = Sky((0, 0, 0), (0, 0, 0), 0)
    for seed in range(3):
        sub, reference = nothing.look(seed=seed), nothing.look(seed=seed + 50)
        assert refusal(aligner, sub, reference) in (NOTHING_THERE[name], "no_match")


def test_a_gradient_alone_is_refused(name: str, aligner: Aligner) -> None:
    nothing = Sky((0, 0, 0), (0, 0, 0), 0)
    slope = np.linspace(0, 3000, WIDTH // 2)
    sub, reference = (changed(nothing.look(seed=seed), lambda plane: plane + slope) for seed in (1, 2))
    assert refusal(aligner, sub, reference) in (NOTHING_THERE[name], "no_match")


@pytest.mark.parametrize("seed", range(4))
def test_another_scene_is_refused(name: str, aligner: Aligner, seed: int) -> None:
    if name in BY_ONE_THING:
        pytest.skip("follows one thing only, and does not look at the rest")
    sub, reference = (Sky((0, 0, 0), (0, 0, 0), 60, one).look(seed=one) for one in (seed, seed + 50))
    assert refusal(aligner, sub, reference) == "no_match"


def test_a_frame_too_small_for_a_scene_is_refused(aligner: Aligner, reference: Scene) -> None:
    small = Scene(reference.stars, 20, 20)
    assert refusal(aligner, small, small) == "too_small"


def test_the_same_input_gives_the_same_bits(aligner: Aligner, reference: Scene) -> None:
    sub = Sky().look(moved(31.3, -18.7), seed=2)
    first, second = (aligner.register(sub, reference, None) for _ in range(2))
    assert first.matrix.tobytes() == second.matrix.tobytes()
    assert (first.rms_px, first.score) == (second.rms_px, second.score)


def test_the_scenes_are_not_changed(aligner: Aligner) -> None:
    sub, reference = Sky().look(moved(31.3, -18.7), seed=2), Sky().look()
    assert sub.luminance is not None
    assert reference.luminance is not None
    before = sub.luminance.copy(), reference.luminance.copy()
    aligner.register(sub, reference, None)
    np.testing.assert_array_equal(sub.luminance, before[0])
    np.testing.assert_array_equal(reference.luminance, before[1])
