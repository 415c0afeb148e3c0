"""Whether subs can be stacked as fast as they come."""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from collections.abc import Callable
from datetime import datetime

LOOKED_BACK = 5
"""Subs whose times are compared; one slow write to a card, or a first sub in cold memory, is no reason to change
anything."""

BUSY, IDLE = 0.95, 0.6
"""Share of the time between subs that stacking them takes, above which less is made of them and below which more;
apart, so that a step does not undo the one before."""

SLOWEST = 16

HALF_SAVES = 4
"""A sub takes at most so many times as long at full resolution as at half of it."""


class Pace:
    """Compares what a sub takes with how often one comes.

    Attributes
    ----------
    slowed : int
        Further stacks should take every so many-th sub only.
    too_slow : str
        Why the next stack should be made at half the resolution; "" where it need not.
    """

    def __init__(self) -> None:
        self.slowed = 1
        self.too_slow = ""
        self._halved = False
        self._known: tuple[float, float] | None = None
        self._took_s: deque[float] = deque(maxlen=LOOKED_BACK)
        self._received: deque[datetime] = deque(maxlen=LOOKED_BACK + 1)

    def observe(self, received: datetime, took_s: float, exposure_s: float = 0.0, halved: bool = False) -> None:
        """A sub has been stacked.

        Parameters
        ----------
        received : datetime
            When it came.
        took_s : float
            All that was done with it.
        exposure_s : float
            Subs that come faster than they are exposed have waited somewhere: that is no pace.
        halved : bool
            It was stacked at half the resolution.
        """
        if halved != self._halved:
            self._took_s.clear()
        self._halved = halved
        self._received.append(received)
        self._took_s.append(took_s)
        interval_s = self._interval_s()
        if interval_s is None or interval_s < exposure_s:
            return
        took_s = statistics.median(self._took_s)
        whole_s = took_s * (HALF_SAVES if halved else 1)
        self._known = whole_s, interval_s
        if took_s > BUSY * interval_s:
            self.too_slow = _in_words(took_s, interval_s)
        elif whole_s <= BUSY * interval_s:
            self.too_slow = ""
        self._slow_down(took_s / interval_s)

    def lacks(self, extra_s: Callable[[], float]) -> str:
        """Say why there is no time for so much more a sub; "" where there is, or where too few have come to know."""
        if self._known is None:
            return ""
        took_s, interval_s = self._known
        took_s += extra_s()
        return _in_words(took_s, interval_s) if took_s > BUSY * interval_s else ""

    def _interval_s(self) -> float | None:
        """Median time between subs; None as long as too few came."""
        if len(self._received) <= LOOKED_BACK or len(self._took_s) < LOOKED_BACK:
            return None
        times = list(self._received)
        steps_s = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
        return max(statistics.median(steps_s), 1e-3)

    def _slow_down(self, load: float) -> None:
        """Take another step, and look at so many subs again before the next."""
        if load > BUSY and self.slowed < SLOWEST:
            self.slowed *= 2
        elif load < IDLE and self.slowed > 1:
            self.slowed //= 2
        else:
            return
        self._took_s.clear()
        self._received.clear()


def _in_words(took_s: float, interval_s: float) -> str:
    return f"a sub takes {took_s:.1f} s and one comes every {interval_s:.1f} s"
