"""Threads that share array work.

OpenCV and NumPy release the interpreter's lock, so plain threads keep all cores busy.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

T = TypeVar("T")
R = TypeVar("R")


class Scratch(threading.local):
    """Buffers that each thread keeps for itself.

    A fresh array of a tile's size would be mapped, faulted in and unmapped for every tile.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, npt.NDArray[np.uint8]] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return this thread's buffer of that name, contents undefined; valid until the thread asks for it again."""
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < n_bytes:
            buffer = self._buffers[name] = np.empty(n_bytes, np.uint8)
        return buffer[:n_bytes].view(dtype).reshape(shape)

    def __reduce__(self) -> tuple[type[Scratch], tuple[()]]:
        """Another process has buffers of its own."""
        return Scratch, ()


class Workers:
    """A few threads that share a piece of array work; each keeps scratch buffers of its own.

    Parameters
    ----------
    jobs : int
        Threads, at least 1. One means: run in the caller.
    """

    def __init__(self, jobs: int) -> None:
        cv2.setNumThreads(1)  # the threads are ours: those of OpenCV and BLAS would fight them for the cores
        threadpool_limits(1, user_api="blas")
        self.jobs = jobs
        self.scratch = Scratch()
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="tile") if jobs > 1 else None

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Apply `function` to every item; return the results in their order. An exception ends it, and is raised."""
        if self._pool is None:
            return [function(item) for item in items]
        tasks = list(items)
        results: dict[int, R] = {}
        left = iter(range(len(tasks)))  # threads share it: what is to be done next is nobody's before it is taken

        def work() -> None:
            for number in left:
                try:
                    results[number] = function(tasks[number])
                except BaseException:
                    deque(left, maxlen=0)
                    raise

        for done in [self._pool.submit(work) for _ in range(min(self.jobs, len(tasks)))]:
            done.result()
        return [results[number] for number in range(len(tasks))]

    def strips(self, function: Callable[[slice], R], height: int, rows: int) -> list[R]:
        """Apply `function` to consecutive slices of `rows` rows that cover `height`."""
        return self.map(function, [slice(top, min(top + rows, height)) for top in range(0, height, rows)])

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


MOST_SHARED = 4
"""Threads: further ones wait for memory, not for a core."""


@cache
def shared_workers() -> Workers:
    """Return the threads that all pictures for people are made by, begun with the first."""
    return Workers(min(MOST_SHARED, len(os.sched_getaffinity(0))))
