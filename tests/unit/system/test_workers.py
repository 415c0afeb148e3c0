"""Threads that share array work."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from indistack.system.workers import Scratch, Workers


def test_strips_cover_the_height_once() -> None:
    with Workers(2) as workers:
        rows = workers.strips(lambda strip: list(range(100)[strip]), 100, 7)
    assert [row for strip in rows for row in strip] == list(range(100))


def test_an_exception_in_a_thread_is_raised() -> None:
    with Workers(2) as workers, pytest.raises(ZeroDivisionError):
        workers.map(lambda n: 1 // n, [1, 0])


def test_the_libraries_bring_no_threads_of_their_own() -> None:
    cv2.setNumThreads(2)
    threadpool_limits(2, user_api="blas")
    with Workers(2):
        assert cv2.getNumThreads() == 1
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}


@pytest.mark.parametrize(("height", "stops"), [(1, [1]), (64, [64]), (65, [64, 65]), (129, [64, 128, 129])])
def test_strips_reach_the_last_row(height: int, stops: list[int]) -> None:
    with Workers(1) as workers:
        rows = workers.strips(lambda rows: (rows.start, rows.stop), height, 64)
    assert [stop for _, stop in rows] == stops
    assert [start for start, _ in rows] == [0, *stops[:-1]]


def test_buffers_go_to_another_process_as_new_ones() -> None:
    scratch = Scratch()
    scratch("pixels", (4, 4), np.float32)[:] = 1
    assert vars(pickle.loads(pickle.dumps(scratch))) == {"_buffers": {}}
