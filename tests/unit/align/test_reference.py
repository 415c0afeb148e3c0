"""The stars that subs are compared with: better and more of them, on a grid that stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.align import AlignSettings
from indistack.align.reference import ReferenceStars
from indistack.values.star_list import Scene
from indistack.values.transform import Transform
from tests.unit.align.fields import scene_of
from tests.unit.align.star_skies import seen, sky


def settings(**changes: Any) -> AlignSettings:
    return AlignSettings(**changes)


def steady(dx: float = 0.0, corner_error_px: float | None = 0.02) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, 0], [0, 0, 1.0]]), corner_error_px=corner_error_px)


def sub(count: int, fwhm: float = 3.0) -> Scene:
    stars = sky().take(slice(0, count))
    return scene_of(replace(stars, fwhm=np.full(count, fwhm)))


@pytest.mark.parametrize(
    ("which", "count", "fwhm", "taken"),
    [
        ("first", 99, 3.0, False),
        ("first", 101, 3.0, True),
        ("first", 50, 2.2, False),
        ("first", 50, 2.1, True),
        ("best", 50, 3.01, False),
        ("best", 51, 3.0, True),
    ],
)
def test_a_better_sub_gives_its_stars(which: Any, count: int, fwhm: float, taken: bool) -> None:
    reference = ReferenceStars(settings(reference=which), sub(50))
    assert reference.offer(sub(count, fwhm), steady(dx=5.0)) is taken
    expected = sky().x[0] + (5.0 if taken else 0.0)
    assert reference.scene.stars.x[0] == expected


def test_a_better_sub_comes_too_late() -> None:
    reference = ReferenceStars(settings(reference="best", reference_subs=3), sub(50))
    assert not reference.offer(sub(50), steady())
    assert reference.offer(sub(80), steady())
    assert not reference.offer(sub(70), steady())  # the one before was better
    assert not reference.offer(sub(200), steady())


@pytest.mark.parametrize("error_px", [None, 0.11])
def test_a_sub_whose_place_is_not_known_well_gives_no_stars(error_px: float | None) -> None:
    reference = ReferenceStars(settings(reference="best"), sub(50))
    assert not reference.offer(sub(100), steady(corner_error_px=error_px))


def test_stars_beyond_the_grid_are_left_out() -> None:
    reference = ReferenceStars(settings(reference="best"), sub(50))
    reference.offer(sub(100), steady(dx=900.0))
    assert 0 < len(reference.scene.stars) < 100
    assert reference.scene.stars.x.max() < reference.scene.width


def test_the_stack_is_looked_at_after_5_subs_then_after_4_times_as_many() -> None:
    true = sky()
    reference = ReferenceStars(settings(), scene_of(seen(true)))
    due = []
    for n_subs in range(1, 100):
        if reference.is_due(n_subs):
            due.append(n_subs)
            assert reference.grow(n_subs, seen(true, n_subs, seed=n_subs))
    assert due == [5, 20, 80]
    assert len(reference.scene.stars) > len(seen(true))


def test_a_stack_that_is_not_believed_leaves_the_stars_as_they_are() -> None:
    reference = ReferenceStars(settings(), scene_of(seen(sky())))
    before = reference.scene
    assert not reference.grow(5, seen(sky(seed=4)))
    assert reference.scene is before
    assert not reference.is_due(6)


def test_growth_can_be_switched_off() -> None:
    assert not ReferenceStars(settings(grow_reference=False), sub(50)).is_due(1000)
