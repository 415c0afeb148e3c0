"""The INDI process: one connection to one server, from waiting for its port to losing it; then the process ends.

Started by `indistack.indi.client`, which starts the next one. A process per connection is what frees whatever the
native client library leaks or leaves half-closed, and a crash in there ends no more than this process. Light imports
only: it stays in memory beside the agent.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from indistack.indi.census import CameraChoice, Census
from indistack.indi.pyindi import ServerClient
from indistack.system import array_pipe

PROBE_S = (0.2, 1.0)
"""First and longest pause between two looks at a port where nobody listens."""

TICK_S = 0.2
ALIVE_S = 5.0
"""How often the agent is told that this process still works."""

PING_S = 2.0
SILENT_S = 60.0
"""A new connection on which nothing comes for this long is given up; a server without drivers may be mute."""

STALLED_S = 10.0
"""So is an old one, when a ping stays unanswered and TCP has brought no byte for this long."""

Send = Callable[[array_pipe.Message], None]


class AgentGone(Exception):  # noqa: N818 - an event, not an error
    """The agent has closed the link or died."""


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


def wait_for_port(host: str, port: int, rest: Callable[[float], None], send: Send) -> None:
    """Return when somebody listens; a plain socket asks, for the library freezes all threads while it connects."""
    pause, told, alive_s = PROBE_S[0], "", time.monotonic()
    while True:
        if time.monotonic() - alive_s > ALIVE_S:
            alive_s = time.monotonic()
            send({"kind": "alive"})
        try:
            socket.create_connection((host, port), timeout=3).close()
            return
        except OSError as error:
            reason = error.strerror or str(error)
            if reason != told:
                send({"kind": "server", "up": False, "reason": reason})
                told = reason
        rest(pause)
        pause = min(pause * 2, PROBE_S[1])


class Connection:
    """The main thread of a connection: chooses the camera, subscribes to it, listens to the heart.

    Parameters
    ----------
    client : ServerClient
        Its callbacks fill `census` and wake `wake_fd`.
    rest : callable
        Waits for a number of seconds or until the callbacks have something; raises `AgentGone`.
    send : callable
        Sends a message to the agent.
    frames : bool
        Whether to subscribe to the camera's frames.
    """

    def __init__(
        self, client: ServerClient, census: Census, rest: Callable[[float], None], send: Send, *, frames: bool
    ) -> None:
        self._client = client
        self._census = census
        self._rest = rest
        self._send = send
        self._frames = frames
        self._choice: CameraChoice | None = None
        self._subscribed: set[tuple[str, str]] = set()
        self._devices = ""
        self._told_s = 0.0

    def run(self, heart: Heart) -> str:
        """Serve the connection until it ends; return why it did."""
        up = False
        while not self._client.lost:
            now = time.monotonic()
            for reply in self._client.take_signs():
                heart.sign(now, reply=reply)
            if heart.heard and not up:
                up = True
                self._send({"kind": "server", "up": True, "reason": ""})
            self._tell(now)
            if reason := heart.beat(now):
                return reason
            self._rest(TICK_S)
        return "it has closed the connection" if up else "it has closed the connection without a word"

    def _tell(self, now: float) -> None:
        """Act on what the callbacks have learnt."""
        with self._client.lock:
            choice = self._census.choose(now)
            blobs = self._census.blobs(choice.device) if self._frames else ()
            devices = [asdict(facts) for facts in self._census.facts()]
        wanted = {(choice.device, name) for name in blobs}
        if choice != self._choice:
            self._choice = choice
            self._client.camera = choice.device
            self._send({"kind": "camera", **asdict(choice)})
        for device, name in wanted ^ self._subscribed:
            self._client.subscribe(device, name, (device, name) in wanted)
        self._subscribed = wanted
        if json.dumps(devices) != self._devices:
            self._devices = json.dumps(devices)
            self._send({"kind": "devices", "devices": devices})
        if now - self._told_s > ALIVE_S:
            self._told_s = now
            self._send({"kind": "alive"})


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


def serve(link: socket.socket, host: str, port: int, device: str, proven: str, frames: bool) -> str:
    """Wait for the server, connect, deliver; return why the connection ended."""
    wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    poll = select.poll()
    poll.register(link, select.POLLIN)
    poll.register(wake, select.POLLIN)

    def rest(seconds: float) -> None:
        for fd, _ in poll.poll(seconds * 1000):
            if fd == link.fileno():
                raise AgentGone
            os.eventfd_read(wake)

    def send(message: array_pipe.Message) -> None:
        array_pipe.send(link, message)

    census = Census(device, proven)
    client = ServerClient(link, census, lambda: os.eventfd_write(wake, 1))
    wait_for_port(host, port, rest, send)
    if not client.connect(host, port):
        return "the connection failed"
    peer = tcp_peer(port)
    heart = Heart(client.ping, lambda: idle_s(peer), time.monotonic())
    return Connection(client, census, rest, send, frames=frames).run(heart)


def main() -> None:
    """Run the process: one JSON argument says which socket leads to the agent, and which server to serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the agent decides; its end of the link closing is our end
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    task = json.loads(sys.argv[1])
    link = socket.socket(fileno=task.pop("fd"))
    status = 0
    try:
        reason = serve(link, **task)
        array_pipe.send(link, {"kind": "server", "up": False, "reason": reason})
    except (AgentGone, BrokenPipeError, ConnectionResetError):
        pass
    except Exception:
        logging.exception("the INDI process fails")
        status = 1
    logging.shutdown()
    os._exit(status)  # past the library's own clean-up, which may hang or abort


if __name__ == "__main__":
    main()
