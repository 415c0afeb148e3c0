"""Subs on the reference of their session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from indistack.config import Config
from indistack.errors import RegistrationError
from indistack.session.registration import Registration
from indistack.settings import load
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.grid import StackGrid
from indistack.values.packing import Arrays
from indistack.values.star_list import Scene
from indistack.values.transform import Transform
from tests.unit.align.fields import HEIGHT, WIDTH, mapped, motion, scene_of, star_list

STEP = motion(1.0, 12.0, -7.0)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


def field(seed: int = 1, moved: int = 0) -> Scene:
    """Sixty stars after so many steps of a drift."""
    xy = np.random.default_rng(seed).uniform(200, (WIDTH - 200, HEIGHT - 200), (60, 2))
    return scene_of(star_list(mapped(np.linalg.inv(np.linalg.matrix_power(STEP, moved)), xy)))


def registration(workers: Workers, *words: str) -> Registration:
    return Registration(load(Config, None, words), field(), workers)


@pytest.mark.parametrize("against", ["reference", "previous"])
def test_every_sub_of_a_drift_finds_its_way_to_the_reference(workers: Workers, against: str) -> None:
    registered = registration(workers, f'align.against="{against}"')
    for moved in (1, 2, 3):
        transform = registered.register(field(moved=moved))
        np.testing.assert_allclose(transform.matrix, np.linalg.matrix_power(STEP, moved), atol=1e-4)
        registered.accept(field(moved=moved), transform)


def test_against_the_sub_before_only_that_one_counts(workers: Workers) -> None:
    registered = registration(workers, 'align.against="previous"')
    other = field(seed=2)
    registered.accept(other, Transform(STEP))
    np.testing.assert_allclose(registered.register(other).matrix, STEP, atol=1e-6)
    with pytest.raises(RegistrationError):
        registered.register(field())


def test_subs_of_one_field_fit_each_other(workers: Workers) -> None:
    registered = registration(workers)
    assert registered.fits(field(moved=2), field())
    assert not registered.fits(field(seed=2), field())
    assert not registered.fits(field(), None)


def test_a_sub_that_fits_ends_the_strangers(workers: Workers) -> None:
    registered = registration(workers)
    registered.stranger = field(seed=2)
    registered.accept(field(), Transform.identity())
    assert registered.stranger is None


def test_it_goes_on_where_another_stopped(workers: Workers) -> None:
    before = registration(workers, 'align.against="previous"')
    before.accept(field(seed=2), Transform(STEP))
    before.stranger = field(seed=3)
    arrays: Arrays = {}
    memory = json.loads(json.dumps(before.memory(arrays)))
    after = registration(workers, 'align.against="previous"')
    after.recall(memory, arrays)
    assert after.stranger is not None
    np.testing.assert_array_equal(after.stranger.stars.xy, before.stranger.stars.xy)
    sub = field(seed=2, moved=1)
    np.testing.assert_array_equal(after.register(sub).matrix, before.register(sub).matrix)


def test_after_a_power_cut_the_next_sub_is_looked_for_near_the_last(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = registration(workers), registration(workers)
    before.accept(field(moved=1), Transform(STEP))
    arrays: Arrays = {}
    after.recall(json.loads(json.dumps(before.memory(arrays))), arrays)
    guesses: list[Transform | None] = []
    register = type(after.aligner).register

    def watched(aligner: Any, sub: Any, reference: Any, guess: Transform | None) -> Transform:
        guesses.append(guess)
        return register(aligner, sub, reference, guess)

    monkeypatch.setattr(type(after.aligner), "register", watched)
    after.register(field(moved=2))
    assert guesses[0] is not None
    np.testing.assert_array_equal(guesses[0].matrix, STEP)


@pytest.mark.parametrize("grid", [(1, 0, 0), (1, 256, 512), (2, 256, 0), (0.5, 0, 256)])
def test_stars_of_the_stack_are_taken_to_the_reference(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, grid: tuple[float, float, float]
) -> None:
    """The stack lies on a canvas of its own; a sub that shows nothing but its new stars finds its place."""
    scale, left, top = grid
    matrix = np.array([[scale, 0, left], [0, scale, top], [0, 0, 1.0]])
    both = np.concatenate([field().stars.xy, field(seed=2).stars.xy])
    on_canvas = star_list(mapped(matrix, both), fwhm=3.0 * scale)
    monkeypatch.setattr(StarFinder, "find_in_stack", lambda *_: on_canvas)
    registered = registration(workers)
    main = SimpleNamespace(settings=SimpleNamespace(followed="stars"), integration=lambda: None, opens=False)
    fit: Any = SimpleNamespace(
        transform=Transform.identity(),
        filter_stack=SimpleNamespace(branch_set=SimpleNamespace(main=main), n_subs=100),
    )
    new = field(seed=2, moved=1)
    with pytest.raises(RegistrationError):
        registered.register(new)
    sub: Any = SimpleNamespace(scene=field(), frame=SimpleNamespace(cfa=None))
    registered.learn(sub, fit, StackGrid(HEIGHT, WIDTH, matrix))
    np.testing.assert_allclose(registered.register(new).matrix, STEP, atol=1e-3)
