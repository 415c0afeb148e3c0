"""The more often somebody was wrong, the longer he has to wait."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES, LONGEST_WAIT_S = 5, 60.0
KNOWN_CALLERS = 500


@dataclass
class _Caller:
    failures: int = 0
    until_s: float = 0.0


class Patience:
    """Remembers who was wrong.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """Return how long a caller must wait before the next try."""
        known = self._callers.get(caller)
        return max(0.0, known.until_s - self._clock()) if known is not None else 0.0

    def forgive(self, caller: str) -> None:
        """Know that a caller was right."""
        self._callers.pop(caller, None)

    def failed(self, caller: str) -> None:
        """Know that a caller was wrong."""
        known = self._callers.setdefault(caller, _Caller())
        self._callers.move_to_end(caller)
        if len(self._callers) > KNOWN_CALLERS:
            self._callers.popitem(last=False)
        known.failures += 1
        if known.failures >= FREE_TRIES:
            known.until_s = self._clock() + min(2.0 ** (known.failures - FREE_TRIES), LONGEST_WAIT_S)
