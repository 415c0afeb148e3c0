"""What shook the telescope while subs were exposed, as somebody else tells it, and when."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

MOST = 200
"""Of what is over so many are remembered: no sub is older."""

LATE = timedelta(seconds=60)
"""Between the end of an exposure and the arrival of its frame, if the camera's clock goes right."""


class Disturbances:
    """Remembers from when to when something went on; may be told and asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._going_on: dict[str, datetime] = {}
        self._over: deque[tuple[str, datetime, datetime]] = deque(maxlen=MOST)

    def begin(self, what: str, now: datetime) -> None:
        """Something goes on from now on; `what` tells it to people, as ``guiding was lost``."""
        with self._lock:
            self._going_on.setdefault(what, now)

    def end(self, what: str, now: datetime) -> None:
        """It is over; if it has not begun nothing happens."""
        with self._lock:
            if (begun := self._going_on.pop(what, None)) is not None:
                self._over.append((what, begun, now))

    def end_all(self, now: datetime) -> None:
        """Nothing is known to go on any more."""
        for what in self.now():
            self.end(what, now)

    def now(self) -> list[str]:
        """Return what goes on."""
        with self._lock:
            return list(self._going_on)

    def during(self, begin: datetime, end: datetime) -> str:
        """Return what went on at any time between two, for people; "" if nothing did."""
        with self._lock:
            found = [what for what, begun, over in self._over if begun <= end and over >= begin]
            found += [what for what, begun in self._going_on.items() if begun <= end]
        return ", ".join(dict.fromkeys(found))


def exposed(date_obs: datetime | None, exposure_s: float | None, received: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a frame was exposed: as its header says, where that can be; else just before it came."""
    length = timedelta(seconds=exposure_s or 0.0)
    if date_obs is not None and timedelta(0) <= received - date_obs - length <= LATE:
        return date_obs, date_obs + length
    return received - length, received
