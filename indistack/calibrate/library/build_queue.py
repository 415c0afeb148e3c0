"""Which groups' masters are to be built, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

QUIET_S = 10.0
"""A master is built when no frame of its group has come for that long beyond twice the exposure; at once when one of
another group comes, or a light."""

POLL_S = 0.5


class BuildQueue:
    """Groups that wait for the thread that builds.

    Parameters
    ----------
    clock : callable
        Seconds that only go on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due_s: dict[str, float] = {}
        self._building = ""
        self._patient, self._hurried, self._closing = True, False, False
        self._change = threading.Condition()

    @property
    def is_closing(self) -> bool:
        """Tell whether nothing is built any more."""
        return self._closing

    def is_idle(self) -> bool:
        """Tell whether everything is built."""
        with self._change:
            return not self._due_s and not self._building

    def status(self) -> dict[str, object]:
        """Return what is being built and what is to be built."""
        with self._change:
            return {"building": self._building, "due": sorted(self._due_s)}

    def add(self, groups: Iterable[str]) -> None:
        """Have groups built now, but those of which there are more frames to come."""
        with self._change:
            self._due_s = dict.fromkeys(groups, self._clock()) | self._due_s
            self._change.notify_all()

    def expect_more(self, group: str, exposure_s: float) -> None:
        """Have a group built when it is complete, a frame of it having come; all others are."""
        now_s = self._clock()
        with self._change:
            self._due_s = dict.fromkeys(self._due_s, now_s) | {group: now_s + QUIET_S + 2 * exposure_s}
            self._change.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Have everything built now; return whether it is, within the time."""
        with self._change:
            self._hurried = True
            self._change.notify_all()
            return self._change.wait_for(lambda: not self._due_s and not self._building, timeout_s)

    def wait_once(self, timeout_s: float) -> None:
        """Have everything built now; do not wait again after it took too long, until all is built."""
        if self._patient and not self.wait(timeout_s):
            self._patient = False

    def next(self) -> str:
        """Return the group to build next, flats after what is subtracted from them; "" at the end.

        The one before it counts as built.
        """
        with self._change:
            self._building = ""
            while not self._closing:
                if not self._due_s:
                    self._patient, self._hurried = True, False
                self._change.notify_all()
                now_s = self._clock()
                ripe = [group for group, due_s in self._due_s.items() if self._hurried or now_s >= due_s]
                if ripe:
                    self._building = min(ripe, key=lambda group: (group.startswith("flat"), group))
                    del self._due_s[self._building]
                    return self._building
                self._change.wait(POLL_S if self._due_s else None)
        return ""

    def close(self) -> None:
        """Let nothing more be built."""
        with self._change:
            self._closing = True
            self._change.notify_all()
