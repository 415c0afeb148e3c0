"""A plain connection that speaks INDI's XML: for a handful of messages without BLOBs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import TracebackType
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import quoteattr

from indistack.indi.xml_stream import XmlStream

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 0.2


class XmlLink:
    """A connection to an INDI server.

    Parameters
    ----------
    host, port : str, int
        The server; an `OSError` when nobody answers there.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)
        self._socket.settimeout(READ_TIMEOUT_S)
        self._stream = XmlStream()

    def ask(self, device: str = "") -> None:
        """Ask what properties a device, or every one, has."""
        whose = f" device={quoteattr(device)}" if device else ""
        self._socket.sendall(f"<getProperties version='1.7'{whose}/>".encode())

    def put(self, kind: str, device: str, name: str, values: Mapping[str, str]) -> None:
        """Set a property; `kind` is Number, Switch or Text."""
        ones = "".join(f"<one{kind} name={quoteattr(key)}>{value}</one{kind}>" for key, value in values.items())
        vector = f"<new{kind}Vector device={quoteattr(device)} name={quoteattr(name)}>{ones}</new{kind}Vector>"
        self._socket.sendall(vector.encode())

    def messages(self) -> list[Xml.Element]:
        """Return the complete messages that have come, none after a short while without.

        Raises
        ------
        ConnectionError
            The server is gone, or speaks something else.
        """
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return []
        if not data:
            raise ConnectionError("the server is gone")
        return self._stream.feed(data)

    def __enter__(self) -> XmlLink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
