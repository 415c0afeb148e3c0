"""The INDI process: one connection to one server, from waiting for its port to losing it; then the process ends.

Started by `indistack.indi.client`, which starts the next one. A process per connection is what frees whatever the
native client library leaks or leaves half-closed, and a crash in there ends no more than this process. Light imports
only: it stays in memory beside the agent.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Protocol

from indistack.indi.blob_path import BlobPath
from indistack.indi.census import MAX_DEVICES, CameraChoice, Census
from indistack.indi.heart import FRAME_LOST, Glut, Heart, idle_s, tcp_peer
from indistack.indi.pyindi import ServerClient
from indistack.system import array_pipe

PROBE_S = (0.2, 1.0)
"""First and longest pause between two looks at a port where nobody listens."""

TICK_S = 0.2
ALIVE_S = 5.0
"""How often the agent is told that this process still works."""

OVERDUE_S = 90.0
"""So long after an exposure it is told that its frame has not come: old cameras and wireless networks take a minute."""

Send = Callable[[array_pipe.Message], None]


class HasFileno(Protocol):
    """What can be polled."""

    def fileno(self) -> int:
        """Return its number."""


class AgentGone(Exception):  # noqa: N818 - an event, not an error
    """The agent has closed the link or died."""


def wait_for_port(host: str, port: int, rest: Callable[[float], None], send: Send) -> None:
    """Return when somebody listens; a plain socket asks, for the library freezes all threads while it connects."""
    pause, told = PROBE_S[0], ""
    with _pulse(send):
        while True:
            try:
                socket.create_connection((host, port), timeout=3).close()
                return
            except (OSError, UnicodeError) as error:  # the latter of what can be no name
                reason = getattr(error, "strerror", None) or str(error)
                if reason != told:
                    send({"kind": "server", "up": False, "reason": reason})
                    told = reason
            rest(pause)
            pause = min(pause * 2, PROBE_S[1])


@contextlib.contextmanager
def _pulse(send: Send) -> Iterator[None]:
    """Tell the agent that this process lives, from a thread: to look a name up may take half a minute."""
    ended = threading.Event()

    def tell() -> None:
        with contextlib.suppress(OSError):
            while not ended.wait(ALIVE_S):
                send({"kind": "alive"})

    threading.Thread(target=tell, name="pulse", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


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
    path : BlobPath, optional
        Brings the camera's frames; None where none are wanted.
    """

    def __init__(
        self, client: ServerClient, census: Census, rest: Callable[[float], None], send: Send, path: BlobPath | None
    ) -> None:
        self._client = client
        self._census = census
        self._rest = rest
        self._send = send
        self._path = path
        self._glut = Glut()
        self._choice: CameraChoice | None = None
        self._devices = ""
        self._told_s = 0.0
        self._awaited_s: float | None = None

    def run(self, heart: Heart) -> str:
        """Serve the connection until it ends; return why it did."""
        reason = self._serve(heart)
        if self._path is not None:
            self._path.finish()
        return reason

    def _serve(self, heart: Heart) -> str:
        up = False
        while not self._client.lost:
            now = time.monotonic()
            for reply in self._client.take_signs():
                heart.sign(now, reply=reply)
            if heart.heard and not up:
                up = True
                self._send({"kind": "server", "up": True, "reason": ""})
            self._tell(now)
            if reason := heart.beat(now) or self._glut.beat():
                return reason
            self._rest(TICK_S)
            if self._path is not None:
                self._path.take()
        if up and self._client.is_awaited():
            return FRAME_LOST
        return "it has closed the connection" if up else "it has closed the connection without a word"

    def _tell(self, now: float) -> None:
        """Act on what the callbacks have learnt."""
        with self._client.lock:
            choice = self._census.choose(now)
            wanted = self._census.wanted(choice)
            devices = [asdict(facts) for facts in self._census.facts()]
        choice = self._overdue(choice, now)
        if choice != self._choice:
            self._choice = choice
            self._client.camera = choice.device
            self._send({"kind": "camera", **asdict(choice)})
        if self._path is not None:
            self._path.want(wanted)
        if self._census.is_full:
            self._client.complain(f"the server has more than {MAX_DEVICES} devices; the others are not looked at")
        if json.dumps(devices) != self._devices:
            self._devices = json.dumps(devices)
            self._send({"kind": "devices", "devices": devices})
        if now - self._told_s > ALIVE_S:
            self._told_s = now
            self._send({"kind": "alive"})

    def _overdue(self, choice: CameraChoice, now: float) -> CameraChoice:
        """Say so where the camera has exposed and no frame comes."""
        since_s = self._awaited_s if self._awaited_s is not None else now
        self._awaited_s = since_s if self._client.is_awaited() else None
        if self._awaited_s is None or choice.problem or now - since_s < OVERDUE_S:
            return choice
        told = f"{choice.device!r} has exposed, and no frame has come for {OVERDUE_S:.0f} s"
        return replace(choice, problem=f"{told}: look at its upload mode and its driver")


class Bell:
    """What the main thread rests by, until one of them has something.

    Parameters
    ----------
    link : socket
        Leads to the agent.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._rung = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)
        self._poll.register(self._rung, select.POLLIN)

    def ring(self) -> None:
        """End the rest; from any thread."""
        os.eventfd_write(self._rung, 1)

    def watch(self, file: HasFileno, on: bool) -> None:
        """Let a file end the rest when it can be read, or no longer."""
        if on:
            self._poll.register(file, select.POLLIN)
        else:
            self._poll.unregister(file)

    def rest(self, seconds: float) -> None:
        """Wait for so long at most; raise `AgentGone` when the agent is."""
        for fd, _ in self._poll.poll(seconds * 1000):
            if fd == self._link.fileno():
                raise AgentGone
            if fd == self._rung:
                os.eventfd_read(fd)


def serve(link: socket.socket, host: str, port: int, device: str, proven: str, frames: bool, shared: bool) -> str:
    """Wait for the server, connect, deliver; return why the connection ended."""
    bell = Bell(link)

    def send(message: array_pipe.Message) -> None:
        array_pipe.send(link, message)

    census = Census(device, proven)
    client = ServerClient(link, census, bell.ring)
    wait_for_port(host, port, bell.rest, send)
    if not client.connect(host, port):
        return "the connection failed"
    peer = tcp_peer(port)
    heart = Heart(client.ping, lambda: idle_s(peer), time.monotonic())
    path = BlobPath(client, peer, bell.watch, shared=shared) if frames else None
    return Connection(client, census, bell.rest, send, path).run(heart)


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
