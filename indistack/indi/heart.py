"""Whether the server at the other end of a connection is alive."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from indistack.system.resources import available_bytes, resident_bytes

PING_S = 2.0
SILENT_S = 60.0
"""A new connection on which nothing comes for this long is given up; a server without drivers may be mute."""

STALLED_S = 10.0
"""So is an old one, when a ping stays unanswered and TCP has brought no byte for this long."""


FRAME_LOST = "it has closed the connection instead of sending a frame"

MOST_BYTES, LEAST_BYTES = 1_200_000_000, 400_000_000
"""What a connection may fill at most, and at least: a frame of 150 MP takes 800 MB on its way, one of 60 MP 350 MB."""


class Glut:
    """Tells a server that fills the memory: with a message that does not end, or with ever more of them.

    Parameters
    ----------
    spare_bytes : int, optional
        What it may fill; by default half of what the machine has left.
    """

    def __init__(self, spare_bytes: int | None = None) -> None:
        if spare_bytes is None:
            spare_bytes = min(MOST_BYTES, max(LEAST_BYTES, available_bytes() // 2))
        self._limit_bytes = resident_bytes() + spare_bytes

    def beat(self) -> str:
        """Return why the server is given up, "" while it is not."""
        held = resident_bytes()
        return f"what it sends has no end: {held / 1e6:.0f} MB are held" if held > self._limit_bytes else ""


class Heart:
    """Tells a silent peer from a quiet one.

    Parameters
    ----------
    ping : callable
        Sends a ping; the reply is to be told by `answered`.
    idle_s : callable
        Seconds since TCP last brought a byte: while a long BLOB comes in, the reply waits behind it.
    now : float
        Time of the connection, on the clock that `beat` is given.
    """

    def __init__(self, ping: Callable[[str], None], idle_s: Callable[[], float], now: float) -> None:
        self._ping = ping
        self._idle_s = idle_s
        self._sign = now
        self._sent = -math.inf
        self._replies = False
        self.heard = False

    def sign(self, now: float, *, reply: bool = False) -> None:
        """Note that something came from the server."""
        self._sign, self.heard = now, True
        self._replies |= reply

    def beat(self, now: float) -> str:
        """Ping when it is time; return why the server is given up, "" while it is not."""
        if now - self._sent >= PING_S:
            self._sent = now
            self._ping(f"{now:.3f}")
        quiet_s = min(now - self._sign, self._idle_s())
        if not self.heard and quiet_s > SILENT_S:
            return "it accepts connections but does not answer"
        if self._replies and quiet_s > STALLED_S:
            return f"it has stopped answering for {quiet_s:.0f} s"
        return ""


def tcp_peer(port: int) -> socket.socket | None:
    """Return a duplicate of this process's connection to a peer at `port`: the library does not hand its own out."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):
            if not entry.is_socket():
                continue
            found = socket.socket(fileno=os.dup(int(entry.name)))
            with contextlib.suppress(OSError):
                if found.family in (socket.AF_INET, socket.AF_INET6) and found.getpeername()[1] == port:
                    return found
            found.close()
    return None


def idle_s(peer: socket.socket | None) -> float:
    """Return how many seconds ago TCP brought a byte; inf where that is unknown."""
    if peer is None:
        return math.inf
    info = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(info[52:56], sys.byteorder) / 1000  # tcpi_last_data_recv, ms (linux/tcp.h)
