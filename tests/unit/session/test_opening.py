"""The first subs of a method that rejects: combined when somebody looks, and as if they always had been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indistack.raster import boxes
from indistack.session import stack_branch
from indistack.session.filter_stack import MeasuredSub
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.system.workers import Workers
from indistack.values.grid import PlacedSub
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform
from tests.unit.session.subs import add, session_of, sub_of


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def combined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Give how many subs were combined each time, and whether all over."""
    calls: list[tuple[int, bool]] = []
    integrate_all = stack_branch.integrate_all

    def listened(subs: Any, *words: Any) -> None:
        calls.append((len(subs), not words[-1]))
        integrate_all(subs, *words)

    monkeypatch.setattr(stack_branch, "integrate_all", listened)
    return calls


@pytest.fixture
def session(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Give an empty session whose boxes have 8 rows, so that one band of them stands for all 64."""
    monkeypatch.setattr(boxes, "CUBE_SIDE_PX", 8)
    return session_of(workers, sub_of(), "stack.method=sigma_clip", "stack.weight=equal")


def noisy(number: int) -> MeasuredSub:
    """A sub with noise; a satellite crosses the fourth."""
    sub = sub_of()
    pixels = np.random.default_rng(number).normal(100, 5, sub.frame.pixels.shape).astype(np.float32)
    if number == 4:
        pixels[:, 20:26] += 1000
    return replace(sub, frame=replace(sub.frame, pixels=pixels))


def test_only_a_sample_is_combined_until_somebody_looks(session: Session, combined: list[tuple[int, bool]]) -> None:
    for number in range(1, 8):
        add(session, noisy(number))
    assert combined == [(1, True), (2, False), (3, False), (4, False), (5, True)]


def test_who_looks_sees_all_subs(session: Session, combined: list[tuple[int, bool]]) -> None:
    pixels = {}
    for number in range(1, 4):
        add(session, noisy(number))
        pixels[number] = session.stack.integration().pixels.copy()
        assert (session.stack.integration().coverage == number).all()
    assert combined == [(1, True), (2, False), (2, True), (3, False), (3, True)]
    expected = np.mean([noisy(number).frame.pixels for number in (1, 2, 3)], axis=0)
    assert np.abs(pixels[3] - expected).mean() < 0.2  # but for a few that were rejected


def test_the_stack_is_the_same_whoever_has_looked(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "CUBE_SIDE_PX", 8)
    ends = []
    for looks in (False, True):
        session = session_of(workers, sub_of(), "stack.method=sigma_clip", "stack.weight=equal")
        told = []
        for number in range(1, 8):
            add(session, noisy(number))
            (filter_stack,) = session.filter_stacks.values()
            told.append((filter_stack.noise_history.numbers(), session.stack.rejected))
            if looks:
                session.stack.integration()
        ends.append((session.stack.integration(), told))
    (unseen, told_unseen), (seen, told_seen) = ends
    np.testing.assert_array_equal(unseen.pixels, seen.pixels)
    np.testing.assert_array_equal(unseen.weight, seen.weight)
    assert told_unseen == told_seen


def test_noise_and_rejection_are_told_of_every_sub(session: Session) -> None:
    noise_adu, rejected = [], []
    for number in range(1, 6):
        add(session, noisy(number))
        (filter_stack,) = session.filter_stacks.values()
        noise_adu.append(filter_stack.noise_history.numbers()["stack_noise_adu"])
        rejected.append(session.stack.rejected)
    assert noise_adu == pytest.approx([5 / np.sqrt(n) for n in (1, 2, 3, 3.5, 4.5)], rel=0.2)
    assert 6 / 96 < rejected[3] < 16 / 96  # with what is around
    assert rejected[3] > 4 * max(rejected[2], rejected[4])


def test_one_that_goes_on_combines_its_subs_again(session: Session, workers: Workers) -> None:
    for number in range(1, 4):
        add(session, noisy(number), number=number)
    memory, planes = session.stack.memory(), session.stack.method.planes()
    again = session_of(workers, sub_of(), "stack.method=sigma_clip", "stack.weight=equal")
    add(again, sub_of())  # its stacks begin with a first sub
    branch = StackBranch("stack", again.stack.settings, again.stack._stack_setup)
    kept = [PlacedSub(noisy(n).frame, Transform.identity(), PhotometricMatch(), 1.0, n) for n in memory["kept"]]
    branch.recall(memory, planes.__getitem__, kept)
    np.testing.assert_array_equal(branch.integration().pixels, session.stack.integration().pixels)
