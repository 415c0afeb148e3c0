"""Work on strips of rows, side by side."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

# Rows that one thread works on at a time; even, so that every strip begins with the same row of the Bayer pattern.
STRIP_ROWS = 256


def in_strips(height_px: int, work: Callable[[slice], None]) -> None:
    """Do the work on strips of rows in a few threads; NumPy and OpenCV let them run side by side."""
    strips = [slice(row, min(row + STRIP_ROWS, height_px)) for row in range(0, height_px, STRIP_ROWS)]
    for _ in _threads().map(work, strips):
        pass


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="simulated-sensor")
