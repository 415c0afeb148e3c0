"""A server that speaks what no INDI server should, to whoever connects."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

Speech = Callable[[int], Iterable[bytes]]
"""What is sent to the connection of that number, counted from 0; then it stays open."""


class HostileServer:
    """Listens on a port of the kernel's choice.

    Attributes
    ----------
    port : int
        Where.
    connections : int
        How many have come that asked for something; a look at the port asks for nothing.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if not connection.recv(1):
                return
            number, self.connections = self.connections, self.connections + 1
            for data in self._speech(number):
                if not data:
                    connection.close()
                    return
                connection.sendall(data)
            while connection.recv(1 << 16):
                pass

    def close(self) -> None:
        """End it, and every connection."""
        self._listener.close()
        for connection in self._open:
            connection.close()


@contextlib.contextmanager
def speaking(speech: Speech) -> Iterator[HostileServer]:
    """A hostile server for as long as the block lasts."""
    server = HostileServer(speech)
    try:
        yield server
    finally:
        server.close()


def vector(kind: str, device: str, name: str, elements: str = "", state: str = "Idle", verb: str = "def") -> bytes:
    """A message about a property."""
    head = f'{verb}{kind}Vector device="{device}" name="{name}" state="{state}" perm="rw" timeout="0"'
    return f'<{head} label="" group="" rule="OneOfMany">{elements}</{verb}{kind}Vector>\n'.encode()


def number(name: str, value: float, verb: str = "def") -> str:
    """An element of a vector of numbers."""
    limits = ' label="" format="%g" min="0" max="9999" step="0"' if verb == "def" else ""
    word = "defNumber" if verb == "def" else "oneNumber"
    return f'<{word} name="{name}"{limits}>{value}</{word}>'


def text(name: str, value: str) -> str:
    """An element of a vector of texts."""
    return f'<defText name="{name}" label="">{value}</defText>'


def camera(device: str = "Cam") -> bytes:
    """What makes a device a camera, without a word on what its driver is."""
    blob = '<defBLOB name="CCD1" label=""/>'
    exposure = number("CCD_EXPOSURE_VALUE", 0)
    return vector("Number", device, "CCD_EXPOSURE", exposure) + vector("BLOB", device, "CCD1", blob)


def exposed(left_s: float, state: str = "Busy", device: str = "Cam") -> bytes:
    """The countdown of an exposure."""
    return vector("Number", device, "CCD_EXPOSURE", number("CCD_EXPOSURE_VALUE", left_s, "set"), state, "set")


def frame(data: str = "AAAA", size: int = 3, device: str = "Cam") -> bytes:
    """A BLOB."""
    one = f'<oneBLOB name="CCD1" size="{size}" format=".fits">{data}</oneBLOB>'
    return f'<setBLOBVector device="{device}" name="CCD1" state="Ok">{one}</setBLOBVector>'.encode()
