"""BLOBs as memory instead of text: a second connection to the server, by its local socket.

By TCP every client gets a BLOB as base64, which costs as much as stacking it. By its local socket, indiserver hands out
the driver's own memory (``attached``, ``len``, a file descriptor beside the message).
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import quoteattr

from indistack.indi.local_server import LocalServer, peer_pid
from indistack.indi.xml_stream import XmlStream

READ_BYTES = 1 << 16
MAX_FILES = 32
"""Beside one read; indiserver sends at most 16 with a message."""

CONNECT_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class SharedBlob:
    """A BLOB; whoever gets it closes `fd`, of which the first `size` bytes count."""

    device: str
    property: str
    suffix: str
    fd: int
    size: int


class SharedBlobs:
    """A connection to a server's local socket, on which nothing but BLOBs is asked for.

    Parameters
    ----------
    server : LocalServer
        The server.

    Raises
    ------
    OSError
        It does not answer there, or another process does.
    """

    def __init__(self, server: LocalServer) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stream = XmlStream()
        self._files: list[int] = []
        try:
            self._socket.settimeout(CONNECT_TIMEOUT_S)
            self._socket.connect(server.name)
            self._socket.setblocking(False)
            if (pid := peer_pid(self._socket)) != server.pid:
                raise ConnectionError(f"its local socket belongs to process {pid}")
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Return what can be polled for reading."""
        return self._socket.fileno()

    def subscribe(self, device: str, name: str, on: bool) -> None:
        """Ask for the BLOBs of one property, or no longer."""
        where = f"device={quoteattr(device)} name={quoteattr(name)}"
        define = f"<getProperties version='1.7' {where}/>" if on else ""
        self._send(f"{define}<enableBLOB {where}>{'Also' if on else 'Never'}</enableBLOB>\n")

    def take(self) -> Iterator[SharedBlob]:
        """Give the BLOBs that have come, one by one, without waiting for any.

        Raises
        ------
        OSError
            The connection has ended, or brings what it should not.
        """
        try:
            data, files, flags, _ = socket.recv_fds(self._socket, READ_BYTES, MAX_FILES)
        except BlockingIOError:
            return
        self._files += files
        if not data:
            raise ConnectionError("it has closed its local connection")
        if flags & socket.MSG_CTRUNC:
            raise ConnectionError("it has sent more files than can be taken")
        for message in self._stream.feed(data):
            if message.tag == "pingRequest":
                self._send(f"<pingReply uid={quoteattr(message.get('uid', ''))}/>\n")
            elif message.tag == "setBLOBVector":
                for one in message.iter("oneBLOB"):
                    if (blob := self._blob(message, one)) is not None:
                        yield blob

    def _blob(self, message: Xml.Element, one: Xml.Element) -> SharedBlob | None:
        """Return a BLOB with its memory; None where nothing but the property's state came."""
        try:
            size = int(one.get("len") or one.get("size") or 0)
        except ValueError as error:
            raise ConnectionError("it has sent a BLOB without a size") from error
        if one.get("attached") != "true":
            if size > 0:
                raise ConnectionError("it has sent a BLOB as text")
            return None
        if not self._files:
            raise ConnectionError("it has sent a BLOB without its memory")
        fd = self._files.pop(0)
        if size <= 0:
            os.close(fd)
            return None
        where = message.get("device", ""), message.get("name", "")
        return SharedBlob(*where, one.get("format", "").lower(), fd, min(size, os.fstat(fd).st_size))

    def _send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def close(self) -> None:
        """End the connection, and let go of memory that nobody has taken."""
        self._socket.close()
        while self._files:
            with contextlib.suppress(OSError):
                os.close(self._files.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
