"""How memory and disk were through the night, for the graphs of the console."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.faces.web.answers import told

EVERY_S = 20.0
MOST = 2160
"""Twelve hours."""

QUANTITIES = ("memory_mb", "free_gb")

PATHS: dict[str, tuple[str, str]] = {
    "/api/v1/machine": ("application/json", "Memory that the agent takes (MB) and free disk (GB), through the night"),
}
"""What can be read, for the description."""


class MachineHistory:
    """The newest samples, oldest first.

    Attributes
    ----------
    samples : deque
        Time (s since 1970), and one of `QUANTITIES` each, where it was known.
    """

    def __init__(self) -> None:
        self.samples: deque[dict[str, float]] = deque(maxlen=MOST)

    def look(self, machine: Mapping[str, float]) -> None:
        """Take what is told of the machine now, if that is time enough after the last."""
        now_s = time.time()
        known = {name: machine[name] for name in QUANTITIES if name in machine}
        if known and (not self.samples or not 0 <= now_s - self.samples[-1]["time"] < EVERY_S):
            self.samples.append({"time": round(now_s, 1), **known})


async def _machine(request: Request) -> Response:
    history: MachineHistory = request.app.state.hub.machine
    return told({"samples": list(history.samples)})


ROUTES = [Route("/api/v1/machine", _machine)]
