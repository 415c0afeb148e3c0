"""Threads that share array work."""

from __future__ import annotations

import pytest

from indistack.workers import Workers


def test_strips_cover_the_height_once() -> None:
    with Workers(2) as workers:
        rows = workers.strips(lambda strip: list(range(100)[strip]), 100, 7)
    assert [row for strip in rows for row in strip] == list(range(100))


def test_an_exception_in_a_thread_is_raised() -> None:
    with Workers(2) as workers, pytest.raises(ZeroDivisionError):
        workers.map(lambda n: 1 // n, [1, 0])
