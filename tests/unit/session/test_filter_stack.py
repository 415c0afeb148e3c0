"""One filter's part of a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from indistack.session.filter_stack import FilterStack
from indistack.session.session import Session
from indistack.system.workers import Workers
from tests.unit.session.subs import add, session_of, sub_of

TEN = datetime(2024, 8, 10, 22, tzinfo=UTC)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as some:
        yield some


def filter_stack_of(session: Session) -> FilterStack:
    (one,) = session.filter_stacks.values()
    return one


def test_the_one_that_goes_on_knows_what_the_one_before_knew(workers: Workers) -> None:
    words = ("branches.half.every=2",)
    first = sub_of(100.0, TEN, masters=("dark of the first",), exposure_s=30.0)
    before = session_of(workers, first, *words)
    for sub in (first, sub_of(200.0, TEN + timedelta(minutes=5), masters=("another",), exposure_s=60.0)):
        add(before, sub)
    arrays: dict[str, Any] = {}
    memory = filter_stack_of(before).memory(arrays)
    after = session_of(workers, first, *words)
    filter_stack_of(after).recall(memory, arrays, lambda *_: pytest.fail("no sub is wanted again"))
    old, new = filter_stack_of(before), filter_stack_of(after)
    assert (new.first, new.end) == (TEN, TEN + timedelta(minutes=6))
    assert list(new.masters) == ["dark of the first"]
    assert new.noise_history.first == old.noise_history.first
    assert new.judge.memory() == old.judge.memory()
    assert {name: branch.method.tally.n_subs for name, branch in new.branch_set.branches.items()} == {
        "stack": 2,
        "half": 1,
    }
    np.testing.assert_array_equal(
        new.branch_set.main.method.integration().pixels, old.branch_set.main.method.integration().pixels
    )
    for session in (before, after):  # the next one is the half stack's, too
        assert set(add(session, sub_of(300.0))) == {"stack", "half"}
