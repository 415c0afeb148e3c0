"""The driver kernel: one INDI device on standard input and output, as indiserver starts its local drivers."""

from __future__ import annotations

import array
import base64
import logging
import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping

from .properties import PropertyError, State, Vector, timestamp
from .xml_stream import Message, StreamError, XmlReader, element

logger = logging.getLogger(__name__)

Handler = Callable[[Vector, dict[str, str]], None]

READ_BYTES = 65536
# indiserver answers when all clients have the BLOB; after this time the driver goes on without the answer.
PING_TIMEOUT_S = 60.0


class Wire:
    """The two file descriptors; every message is written whole, whichever thread sends it."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._lock = threading.Lock()
        self._socket = _unix_socket(write_fd)

    @property
    def passes_files(self) -> bool:
        """Whether open files can be sent along: indiserver gives its drivers a unix socket, a shell gives a pipe."""
        return self._socket is not None

    def close(self) -> None:
        """Give back what the wire itself opened; the two file descriptors stay the caller's."""
        if self._socket is not None:
            self._socket.close()

    def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        return os.read(self._read_fd, READ_BYTES)

    def send(self, text: str, file: int | None = None) -> None:
        """Write one whole message, with an open file attached to its first byte if there is one."""
        data = memoryview(text.encode())
        with self._lock:
            if file is not None and self._socket is not None:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
                data = data[self._socket.sendmsg([data], rights) :]
            while data:
                data = data[os.write(self._write_fd, data) :]


class Driver:
    """One device: its properties, and the conversation about them.

    Parameters
    ----------
    device : str
        Name under which clients see it.
    wire : Wire
    """

    def __init__(self, device: str, wire: Wire) -> None:
        self.device = device
        self._wire = wire
        self._vectors: dict[str, Vector] = {}
        self._handlers: dict[str, Handler] = {}
        self._ping_answered = threading.Event()
        self._ping_count = 0
        self._blob_lock = threading.Lock()

    def define(self, vector: Vector, handler: Handler | None = None) -> None:
        """Make a property known; the handler is called with what a client sends for it.

        Without a handler, what a client sends becomes the property's value.
        """
        self._vectors[vector.name] = vector
        self._handlers[vector.name] = handler or self._accept
        self._wire.send(vector.define(self.device))

    def delete(self, name: str) -> None:
        """Take a property back; unknown names do nothing."""
        if self._vectors.pop(name, None) is not None:
            self._wire.send(element("delProperty", self._addressed(name), ""))

    def set(self, vector: Vector, state: State | None = None, message: str = "") -> None:
        """Tell the clients a property's values, with a new state if one is given."""
        if state is not None:
            vector.state = state
        self._wire.send(vector.set_message(self.device, message))

    def say(self, message: str) -> None:
        """Send a message for the people at the clients."""
        self._wire.send(element("message", {"device": self.device, "timestamp": timestamp(), "message": message}, ""))

    def send_blob(self, vector: Vector, payload: bytes, suffix: str, size_bytes: int) -> None:
        """Send one BLOB; returns when the server has taken it.

        Parameters
        ----------
        suffix : str
            Format with its dot, such as ``.fits``.
        size_bytes : int
            Length before compression.
        """
        with self._blob_lock:
            vector.state = "Ok"
            if self._wire.passes_files:
                self._send_shared(vector, payload, suffix, size_bytes)
            else:
                self._send_inline(vector, payload, suffix, size_bytes)

    def run(self) -> None:
        """Answer until the server closes the wire."""
        reader = XmlReader(self._receive)
        while data := self._wire.receive():
            try:
                reader.feed(data)
            except StreamError as error:
                logger.warning("Skipping what is no INDI: %s", error)

    def _send_shared(self, vector: Vector, payload: bytes, suffix: str, size_bytes: int) -> None:
        """Pass the payload as a file in memory: no base64, no copy by the server. One at a time, as libindi does."""
        file = os.memfd_create("indi-blob", os.MFD_CLOEXEC)
        try:
            _write_all(file, payload)
            attributes = {"name": vector.elements[0].name, "size": str(size_bytes), "format": suffix}
            attributes |= {"len": str(len(payload)), "attached": "true"}
            self._wire.send(self._blob_message(vector, element("oneBLOB", attributes, "")), file)
        finally:
            os.close(file)
        self._await_server()

    def _send_inline(self, vector: Vector, payload: bytes, suffix: str, size_bytes: int) -> None:
        # Neither enclen nor line feeds: libindi's parsers of 1.9.9 go astray on the one or the other.
        attributes = {"name": vector.elements[0].name, "size": str(size_bytes), "format": suffix}
        text = base64.b64encode(payload).decode()
        self._wire.send(self._blob_message(vector, element("oneBLOB", attributes, text)))

    def _blob_message(self, vector: Vector, body: str) -> str:
        attributes = self._addressed(vector.name) | {"state": vector.state, "timeout": str(vector.timeout_s)}
        return element("setBLOBVector", attributes, body)

    def _await_server(self) -> None:
        self._ping_answered.clear()
        self._ping_count += 1
        self._wire.send(element("pingRequest", {"uid": f"blob/{self._ping_count}"}, ""))
        if not self._ping_answered.wait(PING_TIMEOUT_S):
            logger.warning("No answer from the server %g s after a BLOB", PING_TIMEOUT_S)

    def _receive(self, message: Message) -> None:
        if message.tag == "getProperties":
            self._define_again(message.attributes)
        elif message.tag == "pingReply":
            if message.attributes.get("uid") == f"blob/{self._ping_count}":
                self._ping_answered.set()
        elif message.tag == "pingRequest":
            self._wire.send(element("pingReply", {"uid": message.attributes.get("uid", "")}, ""))
        elif message.tag.startswith("new") and message.attributes.get("device") == self.device:
            self._change(message.attributes.get("name", ""), message.values())

    def _define_again(self, wanted: Mapping[str, str]) -> None:
        if wanted.get("device", self.device) != self.device:
            return
        for vector in list(self._vectors.values()):
            if wanted.get("name", vector.name) == vector.name:
                self._wire.send(vector.define(self.device))

    def _change(self, name: str, values: dict[str, str]) -> None:
        vector = self._vectors.get(name)
        if vector is None:
            self.say(f"There is no property {name} now")
            return
        try:
            self._handlers[name](vector, values)
        except PropertyError as error:
            self.set(vector, "Alert", str(error))

    def _accept(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self.set(vector, "Ok")

    def _addressed(self, name: str) -> dict[str, str]:
        return {"device": self.device, "name": name, "timestamp": timestamp()}


def take_standard_wire() -> Wire:
    """Return the wire on standard input and output; what is printed from here on goes to standard error."""
    write_fd = os.dup(1)
    os.dup2(2, 1)
    return Wire(0, write_fd)


def _unix_socket(fd: int) -> socket.socket | None:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return None
    own = socket.socket(fileno=os.dup(fd))
    if own.family == socket.AF_UNIX:
        return own
    own.close()
    return None


def _write_all(fd: int, payload: bytes) -> None:
    rest = memoryview(payload)
    while rest:
        rest = rest[os.write(fd, rest) :]
