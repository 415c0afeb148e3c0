"""Several stacks of the same subs: who takes which, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.stack import BranchSettings
from indistack.system.workers import Workers
from indistack.values.grid import PlacedSub
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform
from tests.unit.session.subs import HEIGHT, WIDTH, add, session_of, sub_of

LEVELS = (10.0, 20.0, 40.0, 80.0)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


def stacked(workers: Workers, *words: str, **facts: float) -> Session:
    """A session of four subs of ledger numbers 1 to 4."""
    session = session_of(workers, sub_of(), "stack.weight=equal", *words)
    for number, level in enumerate(LEVELS, 1):
        add(session, sub_of(level, exposure_s=level, **facts), number=number)
    return session


def branch_of(session: Session, name: str) -> StackBranch:
    (filter_stack,) = session.filter_stacks.values()
    return filter_stack.branch_set.branches[name]


def state(branch: StackBranch) -> tuple[float, int, float]:
    """Mean of the pixels, subs and exposure."""
    tally = branch.method.tally
    return float(np.nanmean(branch.integration().pixels)), tally.n_subs, tally.exposure_s


def placed(number: int) -> PlacedSub:
    level = LEVELS[number - 1]
    frame = sub_of(level, exposure_s=level).frame
    return PlacedSub(frame, Transform.identity(), PhotometricMatch(), 1.0, number)


@pytest.mark.parametrize(("last", "mean", "exposure_s"), [(1, 80, 80), (2, 60, 120), (3, 140 / 3, 140)])
def test_the_newest_so_many(workers: Workers, last: int, mean: float, exposure_s: float) -> None:
    session = stacked(workers, f"branches.newest.last={last}", "branches.newest.weight=equal")
    assert state(branch_of(session, "newest")) == (pytest.approx(mean), last, exposure_s)


def test_one_that_is_taken_out_is_not_forgotten_once_more(workers: Workers) -> None:
    session = stacked(workers, "branches.newest.last=3", "branches.newest.weight=equal")
    newest = branch_of(session, "newest")
    assert [newest.holds(number) for number in (1, 2, 3, 4)] == [False, True, True, True]
    newest.remove(placed(3))
    assert state(newest) == (pytest.approx(50), 2, 100)  # of 20 and 80
    assert newest.kept == [2, 4]
    for number in (5, 6):
        add(session, sub_of(50.0, exposure_s=50.0), number=number)
    assert newest.kept == [4, 5, 6]
    assert state(newest) == (pytest.approx(60), 3, 180)


def test_one_that_is_put_back_counts_again(workers: Workers) -> None:
    session = stacked(workers)
    main = branch_of(session, "stack")
    main.remove(placed(4))
    assert state(main) == (pytest.approx(70 / 3), 3, 70)
    main.readmit(placed(4))
    assert state(main) == (pytest.approx(37.5), 4, 150)


def test_only_further_stacks_are_slowed_down(workers: Workers) -> None:
    session = session_of(workers, sub_of(), "branches.all.weight=equal")
    session.slow_down(2)
    taken = [set(add(session, sub_of())) for _ in range(4)]
    assert taken == [{"stack", "all"}, {"stack"}] * 2
    session.slow_down(1)
    assert set(add(session, sub_of())) == {"stack", "all"}


def test_a_stack_begun_anew_is_empty_and_the_main_one_stays(workers: Workers) -> None:
    session = stacked(workers, "branches.more.weight=equal")
    session.open_branch("more", BranchSettings())
    assert branch_of(session, "more").method.tally.n_subs == 0
    session.drop_branch("stack")
    assert branch_of(session, "stack").method.tally.n_subs == 4


def test_subs_that_a_ledger_tells_of_count_for_every_so_many(workers: Workers) -> None:
    """The turn of a stack that takes every third sub is the same after a power cut."""
    session = session_of(workers, sub_of(), "branches.third.every=3")
    (filter_stack,) = session.filter_stacks.values()
    branch_set = filter_stack.branch_set

    def place(_: StackBranch) -> PlacedSub:
        return placed(1)

    told, then = [["stack", "third"], ["stack"]], [["stack"], ["stack", "third"], ["stack"]]
    assert [list(branch_set.add(place, takers)) for takers in told] == told
    assert [list(branch_set.add(place)) for _ in then] == then


@pytest.mark.parametrize(("last", "share"), [(0, 0.5), (2, 1.0), (3, 2 / 3)])
def test_where_subs_of_a_stack_were_clipped(workers: Workers, last: int, share: float) -> None:
    session = stacked(workers, f"branches.some.last={last}", saturation_adu=40.0)
    branch = branch_of(session, "some")
    found = branch.clipped.share(branch.integration().coverage, (slice(0, HEIGHT), slice(0, WIDTH)))
    assert found is not None
    np.testing.assert_allclose(found, share)


def test_where_subs_were_clipped_is_remembered(workers: Workers) -> None:
    (before,) = stacked(workers, saturation_adu=40.0).filter_stacks.values()
    arrays: dict[str, np.ndarray] = {}
    memory = before.memory(arrays)
    (after,) = stacked(workers).filter_stacks.values()
    after.recall(memory, arrays, lambda number, _: placed(number))
    counts = [one.branch_set.main.clipped.counts for one in (before, after)]
    np.testing.assert_array_equal(*counts)
    assert counts[0].max() == 2
    del memory["planes"]["stack"]["clipped"]  # as an older version wrote it
    after.recall(memory, arrays, lambda number, _: placed(number))
