"""Lets a camera take one exposure after the other: the part that Ekos plays in a demonstration or a test.

Nothing else in indistack commands a camera.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import quoteattr

from indistack.errors import SourceError

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0


class Sequencer:
    """Takes exposures with one camera through an INDI server, speaking INDI's XML on a plain socket.

    Parameters
    ----------
    host, port : str, int
        The server.
    device : str
        The camera.
    """

    def __init__(self, host: str, port: int, device: str) -> None:
        self._address = (host, port)
        self._device = device
        self._parser: Xml.XMLPullParser[Xml.Element] = _parser()
        self._depth = 0
        self._states: dict[str, str] = {}
        self._held = bytearray()

    def run(self, exposure_s: float, stop: threading.Event) -> None:
        """Expose again and again until `stop` is set; a lost server or a failed exposure is tried again."""
        while not stop.is_set():
            try:
                with self._connected() as link:
                    self._expose_all(link, exposure_s, stop)
            except (OSError, SourceError) as error:
                log.debug("sequencer: %s", error)
                stop.wait(0.5)

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(self._address, timeout=2) as link:
            link.settimeout(0.2)
            self._parser, self._depth, self._states, self._held = _parser(), 0, {}, bytearray()
            self._parser.feed("<indi>")
            link.sendall(f"<getProperties version='1.7' device={quoteattr(self._device)}/>".encode())
            yield link

    def _expose_all(self, link: socket.socket, exposure_s: float, stop: threading.Event) -> None:
        self._await_defined(link, "CONNECTION", stop)
        link.sendall(self._vector("Switch", "CONNECTION", "CONNECT", "On"))
        self._await_defined(link, "CCD_EXPOSURE", stop)
        while not stop.is_set():
            link.sendall(self._vector("Number", "CCD_EXPOSURE", "CCD_EXPOSURE_VALUE", f"{exposure_s:g}"))
            if self._await_end(link, "CCD_EXPOSURE", stop, exposure_s + CONNECT_TIMEOUT_S) == "Alert":
                stop.wait(0.5)

    def _vector(self, kind: str, name: str, element: str, value: str) -> bytes:
        one = f"<one{kind} name='{element}'>{value}</one{kind}>"
        return f"<new{kind}Vector device={quoteattr(self._device)} name='{name}'>{one}</new{kind}Vector>".encode()

    def _await_defined(self, link: socket.socket, name: str, stop: threading.Event) -> None:
        """Read until the driver has defined a property, perhaps long ago."""
        self._read_until(link, name, stop, CONNECT_TIMEOUT_S, lambda: "" if name in self._states else None)

    def _await_end(self, link: socket.socket, name: str, stop: threading.Event, timeout_s: float) -> str:
        """Read until the property is set Ok or Alert; return which."""
        self._states.pop(name, None)
        ends = ("Ok", "Alert")
        return self._read_until(
            link, name, stop, timeout_s, lambda: self._states[name] if self._states.get(name) in ends else None
        )

    def _read_until(
        self, link: socket.socket, name: str, stop: threading.Event, timeout_s: float, found: Callable[[], str | None]
    ) -> str:
        deadline_s = time.monotonic() + timeout_s
        while not stop.is_set() and time.monotonic() < deadline_s:
            if (result := found()) is not None:
                return result
            for message in self._messages(link):
                if message.tag == "delProperty":
                    raise SourceError(f"{self._device}: the driver is gone")
                self._states[message.get("name", "")] = message.get("state", "")
        if stop.is_set():
            return ""
        raise SourceError(f"{self._device}: no answer on {name} for {timeout_s:.0f} s")

    def _messages(self, link: socket.socket) -> list[Xml.Element]:
        """Read what is there; return the complete messages in it."""
        try:
            data = link.recv(65536)
        except TimeoutError:
            return []
        if not data:
            raise ConnectionError("the server is gone")
        self._held += data
        end = self._held.rfind(b">") + 1  # a recent expat puts off a tag that was cut until much more has come
        self._parser.feed(bytes(self._held[:end]))
        del self._held[:end]
        complete = []
        for event, element in self._parser.read_events():  # type: ignore[misc]  # only start and end, which are pairs
            self._depth += 1 if event == "start" else -1
            if event == "end" and self._depth == 1 and isinstance(element, Xml.Element):
                complete.append(element)
        return complete


def _parser() -> Xml.XMLPullParser[Xml.Element]:
    return Xml.XMLPullParser(["start", "end"])
