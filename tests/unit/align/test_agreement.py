"""How well two planes agree, and whether that is sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.align.agreement import LEAST_LEAD, NONE, Agreement, agreement, require
from indistack.align.planes import detail_of, shifted
from indistack.errors import RegistrationError
from indistack.values.frame import FloatArray
from tests.unit.align.pictures import Sky, moved

CRATERS = Sky((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), spots=60)


def plane(dx: float = 0.0, sky: Sky = CRATERS, seed: int = 1) -> FloatArray:
    """Return what a look at the scene shows, moved by so much (px of the frame)."""
    return detail_of(sky.look(moved(dx, 0.0), noise=15.0, seed=seed))


def test_one_scene_agrees_in_its_place_only() -> None:
    sub, reference = plane(-20.0, seed=2), plane()
    matches = [(dx, agreement(sub, reference, shifted(dx, 0.0))) for dx in (-10.0, 10.0)]
    sure = [(dx, found) for dx, found in matches if found.is_sure]
    assert len(sure) == 1
    assert sure[0][1].score > 0.5
    assert sure[0][1].share > 0.9


def test_another_scene_does_not_agree() -> None:
    other = plane(sky=replace(CRATERS, seed=9))
    found = agreement(other, plane(), np.eye(3))
    assert not found.is_sure
    with pytest.raises(RegistrationError, match="no_match"):
        require(found)


def test_planes_that_hardly_overlap_do_not_agree() -> None:
    reference = plane()
    assert agreement(reference, reference, shifted(0.95 * reference.shape[1], 0.0)) is NONE


@pytest.mark.parametrize(
    ("changes", "is_sure"),
    [
        ({}, True),
        ({"score": 0.19, "displaced": 0.0}, False),
        ({"displaced": 0.5 - 0.9 * LEAST_LEAD}, False),
        ({"error": 0.08}, False),
        ({"share": 0.5}, False),
    ],
)
def test_an_agreement_is_sure_when_all_of_it_speaks_for_the_place(changes: dict[str, float], is_sure: bool) -> None:
    good = {"score": 0.5, "displaced": 0.1, "error": 0.02, "share": 0.9}
    assert Agreement(**(good | changes)).is_sure == is_sure
