"""Joining the stars of a stack with those known before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.align.join_stars import mapped, merged
from indistack.values.transform import Transform
from tests.unit.align.fields import motion, scene_of
from tests.unit.align.star_skies import rms_px, seen, sky


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
