"""What a session remembers between its subs, and who may look at it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from indistack.fits_header import Wcs
from indistack.session.branches import BranchSet
from indistack.session.session import Session
from indistack.solve import Solution
from indistack.stack import BranchSettings
from indistack.system.workers import Workers
from tests.unit.session.subs import HEIGHT, WIDTH, add, moved, session_of, sub_of

TEN = datetime(2024, 8, 10, 22, tzinfo=UTC)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


def is_free(lock: Any) -> bool:
    """Whether another thread gets the lock."""
    got: list[bool] = []

    def take() -> None:
        got.append(lock.acquire(blocking=False))
        if got[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return got[0]


CHANGES: dict[str, Callable[[Session], object]] = {
    "add": lambda session: add(session, sub_of()),
    "complete": lambda session: session.complete(),
    "open_branch": lambda session: session.open_branch("more", BranchSettings()),
    "drop_branch": lambda session: session.drop_branch("newest"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_looks_on_while_the_stacks_change(workers: Workers, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    session = session_of(workers, sub_of(), "branches.newest.last=2")
    seen: list[bool] = []
    change: Any = getattr(BranchSet, name)

    def watched(*given: Any) -> Any:
        seen.append(is_free(session.lock))
        return change(*given)

    monkeypatch.setattr(BranchSet, name, watched)
    CHANGES[name](session)
    assert seen == [False]
    assert is_free(session.lock)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
def test_the_stack_lasts_from_its_earliest_sub_to_the_end_of_its_latest(
    workers: Workers, order: tuple[int, ...]
) -> None:
    """Files of a folder may come in any order; the second sub ends last, as it is longer."""
    starts = [(TEN, 10.0), (TEN + timedelta(seconds=20), 60.0), (TEN + timedelta(seconds=40), 10.0)]
    session = session_of(workers, sub_of(), "drift.on_exposure=ignore")
    for n in order:
        add(session, sub_of(date_obs=starts[n][0], exposure_s=starts[n][1]))
    add(session, sub_of())  # of one that does not say it nothing is known
    (filter_stack,) = session.filter_stacks.values()
    assert (filter_stack.first, filter_stack.end) == (TEN, TEN + timedelta(seconds=80))
    assert session.exposure_s == 80


def test_masters_are_those_of_the_first_sub_that_had_any(workers: Workers) -> None:
    session = session_of(workers, sub_of())
    for masters in ((), ("dark 5",), ("dark 9",), ()):
        add(session, sub_of(masters=masters))
    (filter_stack,) = session.filter_stacks.values()
    assert filter_stack.masters == ("dark 5",)


@pytest.mark.parametrize(("dx", "dy", "left", "top"), [(-10, 0, 256, 0), (0, -10, 0, 256), (-10, -300, 256, 512)])
def test_what_is_in_the_stack_stays_where_it_is_when_the_canvas_grows(
    workers: Workers, dx: float, dy: float, left: int, top: int
) -> None:
    session = session_of(workers, sub_of(), "stack.canvas=grow", "stack.method=mean")
    add(session, sub_of(100.0, exposure_s=20.0))
    add(session, sub_of(100.0, exposure_s=20.0), moved(dx, dy))
    assert session.grid.size == (HEIGHT + top, WIDTH + left)
    coverage = session.stack.integration().coverage
    y, x = np.nonzero(coverage)
    assert (x.min(), y.min()) == (left + dx, top + dy)
    assert (x.max(), y.max()) == (left + WIDTH - 1, top + HEIGHT - 1)
    assert coverage.sum() == 2 * HEIGHT * WIDTH
    add(session, sub_of(100.0, exposure_s=20.0), moved(dx, dy))
    assert session.grid.size == (HEIGHT + top, WIDTH + left)
    assert session.stack.integration().coverage.sum() == 3 * HEIGHT * WIDTH
    assert (session.n_subs, session.exposure_s) == (3, 60.0)


def test_a_further_stack_is_begun_for_filters_that_are_still_to_come(workers: Workers) -> None:
    session = session_of(workers, sub_of(filter_name="R"), "drift.on_filter=split")
    add(session, sub_of(filter_name="R"))
    session.open_branch("newest", BranchSettings(last=2))
    add(session, sub_of(filter_name="G"))
    assert [list(one.branch_set.branches) for one in session.filter_stacks.values()] == [["stack", "newest"]] * 2
    session.drop_branch("newest")
    add(session, sub_of(filter_name="B"))
    assert [list(one.branch_set.branches) for one in session.filter_stacks.values()] == [["stack"]] * 3


def test_the_drift_limit_follows_the_plate_scale_that_was_solved(workers: Workers) -> None:
    session = session_of(workers, sub_of(scale_arcsec_px=7.2), 'drift.limit="0.1 deg"')
    assert session.drift.memory()["limit_px"] == 50
    session.locate(Solution(Wcs(150.0, 20.0, (0.0, 0.0), np.eye(2) * 0.001), "solver"))  # 3.6 arcsec a pixel
    assert session.drift.memory()["limit_px"] == pytest.approx(100)
    assert session.sky.scale_arcsec_px(sub_of(scale_arcsec_px=7.2).frame.info) == pytest.approx(3.6)
