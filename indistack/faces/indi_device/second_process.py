"""Has the device in a second process, which is made anew where it ends by a fault or a signal.

indiserver starts a driver again ten times at most. What it has started therefore does nothing but wait for the other.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

PAUSE_S = 0.5
"""Between an end and the next beginning: what fails at once must not take the whole machine."""


class SecondProcess:
    """Made by the first process, which stays behind in `enter`."""

    def __init__(self) -> None:
        self._pid = 0
        self._is_to_end = False

    def enter(self) -> bool:
        """Return in the second process only; the first one ends when the second has done its work.

        Returns
        -------
        bool
            Whether there was one before it, which has ended by a fault or a signal.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        again = False
        while self._fork():
            status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            if status == 0 or self._is_to_end:
                sys.exit(max(status, 0))
            sys.stderr.write(f"the device's process has ended ({status}); here is another\n")
            time.sleep(PAUSE_S)
            again = True
        return again

    def _fork(self) -> int:
        """Begin another one; 0 in it."""
        self._pid = os.fork()
        return self._pid

    def _pass_on(self, _signal: int, _frame: object) -> None:
        """Have the second process end, and this one with it."""
        self._is_to_end = True
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
        else:
            raise SystemExit
