"""A look at what is on an INDI server."""

from __future__ import annotations

import time

from indistack.errors import SourceError
from indistack.indi.client import IndiClient
from indistack.indi.device_facts import DeviceFacts
from indistack.indi.events import Devices, ServerState

QUIET_S = 0.7
"""When nothing new has come for this long, all drivers have told what they have."""


def list_devices(host: str, port: int, timeout_s: float = 5.0) -> list[DeviceFacts]:
    """Return the devices of a server by name.

    Raises
    ------
    SourceError
        No INDI server answers within the time; the message says why.
    """
    reason, found, up = "no answer", None, False
    deadline = time.monotonic() + timeout_s
    with IndiClient(host, port, frames=False) as client:
        while (left_s := deadline - time.monotonic()) > 0:
            event = client.get(min(left_s, QUIET_S))
            if isinstance(event, Devices):
                found = event.devices
            elif isinstance(event, ServerState):
                up, reason = event.up, event.reason
                if not up:
                    break
            elif event is None and up and found:
                break
    if not up:
        raise SourceError(f"no INDI server at {host}:{port}: {reason}")
    return list(found or ())
