"""Each setting of the aligners that work on pictures acts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.align import ALIGNERS, Aligner, AlignSettings
from indistack.errors import RegistrationError
from tests.unit.align.pictures import Sky, changed, corner_error_px, moved

FULL_OF_DETAIL = Sky((0, 0, 0), (0, 0, 0), 400)


def make(name: str, **settings: Any) -> Aligner:
    return ALIGNERS.get(name)(AlignSettings.model_validate({"method": name, name: settings}))


def refused(aligner: Aligner, sub: Any, reference: Any) -> str:
    with pytest.raises(RegistrationError) as caught:
        aligner.register(sub, reference, None)
    return caught.value.reason


@pytest.mark.parametrize("turn_deg", [3.7, 78.0, 181.5])
def test_phase_finds_a_rotation_where_asked(turn_deg: float) -> None:
    true = moved(21.0, -12.0, turn_deg)
    sub, reference = FULL_OF_DETAIL.look(true, seed=2), FULL_OF_DETAIL.look()
    assert corner_error_px(make("phase", rotation=True).register(sub, reference, None).matrix, true) < 4.0
    assert refused(make("phase"), sub, reference) == "no_match"


@pytest.mark.slow
def test_ecc_turns_shears_and_bends_as_far_as_its_model_may() -> None:
    sheared = moved(9.0, -6.0, 0.8) @ np.array([[1.004, 0.003, 0], [0, 0.998, 0], [0, 0, 1]])
    bent = np.array([[1, 0, 4.0], [0, 1, -3.0], [8e-6, -5e-6, 1]])
    motions = {"translation": moved(14.3, -8.7), "euclidean": moved(9.0, -6.0, 0.8), "affine": sheared}
    models = [*motions, "homography"]
    for simplest, true in {**motions, "homography": bent}.items():
        sub = FULL_OF_DETAIL.look(true, seed=2)
        errors = [
            corner_error_px(make("ecc", model=model).register(sub, FULL_OF_DETAIL.look(), None).matrix, true)
            for model in models
        ]
        enough = models.index(simplest)
        assert max(errors[enough:]) < 0.5, (simplest, errors)
        assert min(errors[:enough], default=1.0) > 0.6, (simplest, errors)


def test_template_searches_the_box_that_is_set_as_far_as_it_is_told() -> None:
    reference, sub = Sky().look(), Sky().look(moved(-60.0, 0.0), seed=2)
    star, disk = [410.0, 150.0, 60.0, 60.0], [440.0, 210.0, 200.0, 200.0]
    moved_star = changed(sub, lambda plane: plane)
    assert moved_star.luminance is not None
    plane = moved_star.luminance
    plane[60:120, 232:270] = np.roll(plane[60:120, 232:270], 5, axis=0)  # the star alone, 10 px down
    assert make("template", box=disk).register(moved_star, reference, None).matrix[1, 2] == pytest.approx(0, abs=0.2)
    assert make("template", box=star).register(moved_star, reference, None).matrix[1, 2] == pytest.approx(-10, abs=0.2)
    assert refused(make("template", box=disk, search_px=30.0), sub, reference) == "no_match"


def test_template_wants_the_correlation_that_is_set() -> None:
    reference, noisy = Sky().look(), Sky().look(moved(8.0, 4.0), noise=400.0, seed=2)
    score = make("template", min_score=0.05).register(noisy, reference, None).score
    assert score is not None
    assert refused(make("template", min_score=score + 0.02), noisy, reference) == "no_match"


def test_template_refuses_a_box_outside_of_the_reference() -> None:
    reference = Sky().look()
    assert refused(make("template", box=[790.0, 0.0, 60.0, 60.0]), reference, reference) == "too_small"


def test_centroid_follows_the_star_that_is_set_within_its_box() -> None:
    two = Sky((0, 0, 0), (440.0, 180.0, 6000.0), 0)
    plane = two.look().luminance
    assert plane is not None
    fainter = Sky((0, 0, 0), (200.0, 400.0, 2500.0), 0)
    both = [changed(two.look(seed=seed), lambda p, at=at: p + fainter.look(moved(*at)).luminance - 100)
            for seed, at in ((1, (0.0, 0.0)), (2, (-9.0, -4.0)))]  # fmt: skip
    reference, sub = both
    assert make("centroid").register(sub, reference, None).matrix[:2, 2] == pytest.approx((0, 0), abs=0.1)
    faint = make("centroid", star=[200.0, 400.0])
    assert faint.register(sub, reference, None).matrix[:2, 2] == pytest.approx((-9, -4), abs=0.1)
    narrow = make("centroid", star=[200.0, 400.0], search_px=12.0)
    far = two.look(moved(0, 0), seed=3)
    assert refused(narrow, far, reference) == "no_star"


def test_centroid_takes_no_other_star_for_its_own() -> None:
    bright, faint = Sky((0, 0, 0), (440.0, 180.0, 6000.0), 0), Sky((0, 0, 0), (450.0, 180.0, 900.0), 0)
    assert refused(make("centroid"), faint.look(seed=2), bright.look()) == "no_match"


def test_a_part_of_something_large_is_no_star() -> None:
    limb = Sky((400.0, 300.0, 200.0), (0, 0, 0), 0).look()
    assert refused(make("centroid", star=[185.0, 300.0]), limb, limb) == "no_star"
