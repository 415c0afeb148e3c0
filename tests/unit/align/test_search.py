from __future__ import annotations

import pytest

from indistack.align.field import field_of
from indistack.align.search import from_triangles, shifted
from indistack.align.triangles import all_triangles
from indistack.values.transform import Transform
from tests.unit.align.fields import corner_error, motion, pair_of


@pytest.mark.parametrize("shift", [(0.0, 0.0), (12.5, -40.0), (-55.0, 30.0)])
def test_the_shift_that_most_pairs_agree_on_comes_first(shift: tuple[float, float]) -> None:
    pair = pair_of(motion(0.02, *shift), lost=0.3)
    proposals = shifted(Transform.identity(), field_of(pair.sub), field_of(pair.reference))
    assert corner_error(proposals.transforms[0].matrix, pair.matrix) < 6
    assert proposals.tried > 1000


def test_a_shift_out_of_reach_is_not_proposed() -> None:
    pair = pair_of(motion(0, 300, 0))
    for proposal in shifted(Transform.identity(), field_of(pair.sub), field_of(pair.reference)).transforms:
        assert corner_error(proposal.matrix, pair.matrix) > 100


@pytest.mark.parametrize("angle", [0.0, 45.0, 180.0, 271.0])
def test_triangles_propose_any_angle(angle: float) -> None:
    pair = pair_of(motion(angle, 30, 20), lost=0.2)
    sub, reference = field_of(pair.sub).first(40), field_of(pair.reference).first(40)
    proposals = from_triangles(sub, reference, (all_triangles(sub.xy), all_triangles(reference.xy)), 0.03)
    assert min(corner_error(found.matrix, pair.matrix) for found in proposals.transforms) < 10
    assert len(proposals.transforms) <= 8


@pytest.mark.parametrize(("allowed", "found"), [(0.03, False), (0.08, True)])
def test_the_scale_may_change_so_far_only(allowed: float, found: bool) -> None:
    pair = pair_of(motion(20, 0, 0, 1.06))
    sub, reference = field_of(pair.sub).first(40), field_of(pair.reference).first(40)
    proposals = from_triangles(sub, reference, (all_triangles(sub.xy), all_triangles(reference.xy)), allowed)
    near = [some for some in proposals.transforms if corner_error(some.matrix, pair.matrix) < 10]
    assert bool(near) is found
