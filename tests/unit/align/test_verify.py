from __future__ import annotations

import numpy as np
import pytest

from indistack.align.field import field_of
from indistack.align.verify import Verifier
from indistack.values.transform import Transform
from tests.unit.align.fields import corner_error, mapped, motion, pair_of, scene_of, star_list


def test_a_rough_proposal_becomes_the_transform() -> None:
    pair = pair_of(motion(3, 40, 20), lost=0.3)
    verifier = Verifier(field_of(pair.sub), field_of(pair.reference))
    match = verifier.verify(Transform(motion(0.1, 4, -5) @ pair.matrix), 1000, 12.0)
    assert match is not None
    assert corner_error(match.transform.matrix, pair.matrix) < 0.15
    assert match.rms_px == pytest.approx(0.1, rel=0.3)
    assert match.log10_chance < -50
    assert 0.5 < match.share < 0.9
    assert match.extent == pytest.approx(1, abs=0.1)
    assert 0.005 < match.corner_px < 0.1


def test_rms_is_that_of_all_matched_stars() -> None:
    # eight stars, each 0.4 px off in turn to the left and the right: nothing that a similarity could take up
    reference = np.array([[x, y] for x in (300.0, 700, 1300, 1700) for y in (300.0, 1200)])
    off = np.array([1, -1, -1, 1, -1, 1, 1, -1])[:, None] * [0.4, 0]
    match = Verifier(field_of(scene_of(star_list(reference + off))), field_of(scene_of(star_list(reference)))).verify(
        Transform.identity(), 1, 5.0
    )
    assert match is not None
    assert len(match) == 8
    assert match.rms_px == pytest.approx(0.4, abs=0.02)


def test_what_the_transform_was_made_from_is_no_evidence() -> None:
    three = np.array([[300.0, 300], [1500, 500], [800, 1300]])
    match = Verifier(field_of(scene_of(star_list(three))), field_of(scene_of(star_list(three)))).verify(
        Transform.identity(), 100, 5.0
    )
    assert match is not None
    assert match.log10_chance == pytest.approx(2)  # any of a hundred proposals fits three stars


def test_each_further_star_makes_chance_less_likely() -> None:
    rng = np.random.default_rng(0)
    places = rng.random((12, 2)) * [2000, 1500]
    chances = []
    for count in (4, 6, 8, 12):
        field = field_of(scene_of(star_list(places[:count])))
        match = Verifier(field, field).verify(Transform.identity(), 1, 5.0)
        assert match is not None
        chances.append(match.log10_chance)
    # the first beyond three: 4 stars on 3 million pixels within 1 px, 4 pi / 3e6 = 4.2e-6
    assert chances[0] == pytest.approx(np.log10(4 * np.pi / 3e6), abs=0.01)
    assert (np.diff(chances) < -8).all()


def test_fewer_than_three_pairs_are_nothing() -> None:
    two = np.array([[300.0, 300], [1500, 500]])
    field = field_of(scene_of(star_list(two)))
    assert Verifier(field, field).verify(Transform.identity(), 1, 5.0) is None


def test_stars_out_of_the_common_area_do_not_count_against_a_match() -> None:
    pair = pair_of(motion(0, 900, 0), n=200)
    match = Verifier(field_of(pair.sub), field_of(pair.reference)).verify(Transform(pair.matrix), 1, 5.0)
    assert match is not None
    assert match.share > 0.95
    np.testing.assert_allclose(mapped(match.transform.matrix, np.zeros((1, 2))), [[900, 0]], atol=0.1)
