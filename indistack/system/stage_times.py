"""How long the stages of a sub's way take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Numbers = dict[str, Any]
"""What becomes known of a blob on its way, for its line in the ledger; ``stage_ms`` has milliseconds by stage."""


def no_numbers() -> Numbers:
    """Return the numbers of a blob of which nothing is known yet."""
    return {"stage_ms": {}}


@contextmanager
def timed(numbers: Numbers, stage: str) -> Iterator[None]:
    """Note how long a stage takes, also where it fails."""
    begin_s = time.perf_counter()
    try:
        yield
    finally:
        numbers["stage_ms"][stage] = round(1e3 * (time.perf_counter() - begin_s), 2)
