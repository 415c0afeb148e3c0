"""How long the stages of a sub's way take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

StageTimes = dict[str, float]
"""Milliseconds by stage."""


@contextmanager
def timed(times: StageTimes, stage: str) -> Iterator[None]:
    """Note how long a stage takes, also where it fails."""
    begin_s = time.perf_counter()
    try:
        yield
    finally:
        times[stage] = round(1e3 * (time.perf_counter() - begin_s), 2)
