"""Whether subs can be stacked as fast as they come."""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from datetime import datetime

LOOKED_BACK = 5
"""Subs whose times are compared; one slow write to a card is no reason to change anything."""

BUSY, IDLE = 0.95, 0.6
"""Share of the time between subs that stacking them takes, above which further stacks take fewer of them and below
which more; apart, so that a step does not undo the one before."""

SLOWEST = 16

TELLING_S = 1.0
"""Shorter exposures say nothing of how often subs come: what is read out, saved and waited for takes longer."""

COLD = 1.5
"""The first sub takes so many times as long as later ones: memory is fresh."""


class Pace:
    """Compares what a sub takes with how often one comes.

    Attributes
    ----------
    slowed : int
        Further stacks should take every so many-th sub only.
    """

    def __init__(self) -> None:
        self.slowed = 1
        self._took_s: deque[float] = deque(maxlen=LOOKED_BACK)
        self._received: deque[datetime] = deque(maxlen=LOOKED_BACK + 1)

    def observe(self, received: datetime, took_s: float) -> None:
        """A sub has been stacked that came then and took so long."""
        self._received.append(received)
        self._took_s.append(took_s)
        interval_s = self._interval_s()
        if interval_s is None:
            return
        load = statistics.median(self._took_s) / interval_s
        if load > BUSY and self.slowed < SLOWEST:
            self._change(self.slowed * 2)
        elif load < IDLE and self.slowed > 1:
            self._change(self.slowed // 2)

    def too_slow(self, first_s: float, exposure_s: float) -> str:
        """Say why the first sub of a stack took too long for subs of that exposure to be stacked as they come."""
        if first_s <= COLD * exposure_s or exposure_s < TELLING_S:
            return ""
        return f"a sub takes {first_s:.1f} s and is exposed for {exposure_s:g} s"

    def _interval_s(self) -> float | None:
        """Median time between subs; None as long as too few came."""
        if len(self._received) <= LOOKED_BACK:
            return None
        times = list(self._received)
        steps_s = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
        return max(statistics.median(steps_s), 1e-3)

    def _change(self, slowed: int) -> None:
        """Take another step, and look at so many subs again before the next."""
        self.slowed = slowed
        self._took_s.clear()
        self._received.clear()
