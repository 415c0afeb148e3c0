"""The stars that subs are compared with: better and more of them, on a grid that stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.align import AlignSettings
from indistack.align.reference import ReferenceStars, mapped, merged
from indistack.values.star_list import Scene, StarList
from indistack.values.transform import Transform
from tests.unit.align.fields import motion, scene_of, star_list

NOISE_ADU = 10.0


def sky(count: int = 400, seed: int = 1) -> StarList:
    """Stars at their true places."""
    rng = np.random.default_rng(seed)
    return star_list(rng.uniform(30, 1400, (count, 2)), np.geomspace(5e4, 60, count))


def seen(stars: StarList, depth: float = 1.0, seed: int = 2) -> StarList:
    """Those that show in a picture with `depth` times the exposure, at their measured places."""
    error = 2 * NOISE_ADU / depth**0.5 * stars.fwhm / stars.flux * 2.2
    shown = error < 0.4
    off = np.random.default_rng(seed).normal(0, 1, (2, len(stars))) * np.hypot(error, 0.01)
    moved = replace(stars, x=stars.x + off[0], y=stars.y + off[1], noise_adu=NOISE_ADU / depth**0.5)
    return moved.take(shown)


def settings(**changes: Any) -> AlignSettings:
    return AlignSettings(**changes)


def rms_px(stars: StarList, true: StarList) -> float:
    """Of the places of the true stars, each compared with the nearest in the list."""
    distance = np.hypot(*(true.xy[:, None] - stars.xy).T).min(axis=0)
    return float(np.sqrt((distance**2).mean()))


def test_a_deeper_stack_adds_faint_stars_and_better_places() -> None:
    true = sky()
    first, deep = seen(true), seen(true, 16, seed=3)
    assert len(deep) > 1.2 * len(first)
    grown = merged(first, deep, scene_of(first))
    assert grown is not None
    assert len(grown) == len(deep)
    both = true.take(slice(0, 250))
    assert rms_px(grown, both) < 0.5 * rms_px(first, both)
    assert (np.diff(grown.flux) <= 0).all()


def test_the_grid_stays_where_the_first_list_was() -> None:
    """Stack after stack lies off by less than its own errors; the sum of them must not move the list."""
    true, stars = sky(), seen(sky())
    first = stars
    for step in range(1, 7):
        found = seen(true, 4.0**step, seed=10 + step)
        off = replace(found, x=found.x + 0.008, y=found.y - 0.006)
        grown = merged(stars, off, scene_of(stars))
        assert grown is not None
        stars = grown
    bright = 60
    moved = stars.xy[:bright] - first.xy[:bright]
    assert np.abs(moved.mean(axis=0)).max() < 0.01


def test_a_stack_that_lies_elsewhere_is_not_believed() -> None:
    stars = seen(sky())
    found = seen(sky(), 16, seed=3)
    assert merged(stars, replace(found, x=found.x + 0.1), scene_of(stars)) is None
    assert merged(stars, seen(sky(seed=9), 16), scene_of(stars)) is None


def test_a_turned_stack_is_not_believed() -> None:
    stars, found = seen(sky()), seen(sky(), 16, seed=3)
    turned = mapped(found, Transform(motion(0.006, 0, 0)))  # 0.1 px at the corners
    assert merged(stars, turned, scene_of(stars)) is None


def test_fluxes_are_told_in_the_reference_s_adu() -> None:
    stars, found = seen(sky()), seen(sky(), 16, seed=3)
    other = replace(found, flux=2 * found.flux, noise_adu=2 * found.noise_adu)
    grown = merged(stars, other, scene_of(stars))
    assert grown is not None
    assert grown.flux == pytest.approx(found.flux, rel=1e-6)
    assert grown.noise_adu == pytest.approx(found.noise_adu, rel=1e-6)


def test_a_saturated_star_stays_one() -> None:
    stars = seen(sky())
    flags = np.arange(len(stars)) < 5
    grown = merged(replace(stars, saturated=flags), seen(sky(), 16, seed=3), scene_of(stars))
    assert grown is not None
    assert np.flatnonzero(grown.saturated).tolist() == [0, 1, 2, 3, 4]


def test_a_known_star_that_the_stack_does_not_show_is_kept() -> None:
    stars, found = seen(sky()), seen(sky(), 16, seed=3)
    grown = merged(stars, found.take(np.arange(len(found)) != 7), scene_of(stars))
    assert grown is not None
    assert np.hypot(grown.x - stars.x[7], grown.y - stars.y[7]).min() == 0


def test_a_star_is_not_taken_in_twice() -> None:
    """What the stack shows beside a known star is a wing of it."""
    stars, found = seen(sky()), seen(sky(), 16, seed=3)
    twice = replace(found, x=found.x + 2.5).take(slice(0, 3))
    both = {name: np.concatenate([getattr(found, name), getattr(twice, name)]) for name in ("x", "y", "flux", "fwhm")}
    both |= {name: np.zeros(len(both["x"])) for name in ("hfr", "eccentricity", "angle")}
    grown = merged(stars, replace(found, **both, saturated=both["hfr"] > 1), scene_of(stars))
    assert grown is not None
    assert len(grown) == len(found)


def test_longer_axes_turn_with_the_stars() -> None:
    stars = replace(sky(2), angle=np.array([0.0, 1.5]))
    turned = mapped(stars, Transform(motion(10.0, 0, 0)))
    assert turned.angle == pytest.approx([np.radians(10), 1.5 + np.radians(10) - np.pi])


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
