"""The conversation of a driver with indiserver about its devices, as indiserver starts its local drivers."""

from __future__ import annotations

import base64
import logging
import os
import select
import threading
from collections.abc import Callable, Mapping

from indistack.faces.indi_device.kernel.properties import PropertyError, State, Vector, timestamp
from indistack.faces.indi_device.kernel.wire import Wire
from indistack.faces.indi_device.kernel.xml_stream import Message, StreamError, XmlReader, element

log = logging.getLogger(__name__)

Handler = Callable[[Vector, dict[str, str]], None]
"""Gets a property and what a client sends for it."""

BLOB_PING = "blob/"
"""Beginning of the names of the pings that follow a BLOB."""


class Driver:
    """A driver's devices, and what is said about them.

    Parameters
    ----------
    wire : Wire
        To the server.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._devices: dict[str, Device] = {}
        self._blob_taken = threading.Event()
        self._blob_taken.set()
        self._blobs = 0
        self._reader = XmlReader(self._receive)

    def device(self, name: str) -> Device:
        """Return a new device of that name."""
        self._devices[name] = device = Device(name, self)
        return device

    def remove(self, name: str) -> None:
        """Let a device be there no more."""
        if self._devices.pop(name, None) is not None:
            self.wire.send(element("delProperty", {"device": name, "timestamp": timestamp()}, ""))

    def run(self, tick: Callable[[], None] | None = None, tick_s: Callable[[], float] = lambda: 1.0) -> None:
        """Answer until the server closes the wire.

        Parameters
        ----------
        tick : callable, optional
            Called now and then, between two messages.
        tick_s : callable
            Tells how often at least, at present.
        """
        while True:
            if tick is None or select.select([self.wire.read_fd], [], [], tick_s())[0]:
                data = self.wire.receive()
                if not data:
                    return
                try:
                    self._reader.feed(data)
                except StreamError as error:
                    log.warning("Skipping what is no INDI: %s", error)
            if tick is not None:
                tick()

    def send_blob(self, attributes: Mapping[str, str], one: Mapping[str, str], payload: bytes | int) -> None:
        """Send one BLOB; `is_blob_taken` tells when the next one may follow.

        Parameters
        ----------
        attributes, one : mapping
            Of the vector and of its element, but for what tells how the payload travels.
        payload : bytes or int
            What to send, or a memfd that holds it; it stays the caller's.
        """
        self._blob_taken.clear()
        self._blobs += 1
        if self.wire.passes_files:
            self._send_shared(attributes, one, payload)
        else:
            # Neither enclen nor line feeds: libindi's parsers of 1.9.9 go astray on the one or the other.
            data = payload if isinstance(payload, bytes) else os.pread(payload, os.fstat(payload).st_size, 0)
            body = element("oneBLOB", one, base64.b64encode(data).decode())
            self.wire.send(element("setBLOBVector", attributes, body))
        self.wire.send(element("pingRequest", {"uid": f"{BLOB_PING}{self._blobs}"}, ""))

    def is_blob_taken(self, timeout_s: float = 0.0) -> bool:
        """Tell whether the server has done with the last BLOB, at the latest after some time."""
        return self._blob_taken.wait(timeout_s)

    def _send_shared(self, attributes: Mapping[str, str], one: Mapping[str, str], payload: bytes | int) -> None:
        """Pass the payload as a file in memory: no base64, no copy by the server."""
        file = payload if isinstance(payload, int) else memory_file(payload)
        try:
            told = {**one, "len": str(os.fstat(file).st_size), "attached": "true"}
            self.wire.send(element("setBLOBVector", attributes, element("oneBLOB", told, "")), file)
        finally:
            if file is not payload:
                os.close(file)

    def _receive(self, message: Message) -> None:
        uid = message.attributes.get("uid", "")
        if message.tag == "pingReply":
            if uid == f"{BLOB_PING}{self._blobs}":
                self._blob_taken.set()
        elif message.tag == "pingRequest":
            self.wire.send(element("pingReply", {"uid": uid}, ""))
        elif message.tag == "getProperties":
            wanted = message.attributes.get("device")
            for name, device in list(self._devices.items()):
                if wanted in (None, "", name):
                    device.define_again(message.attributes.get("name", ""))
        elif message.tag.startswith("new") and (named := self._devices.get(message.attributes.get("device", ""))):
            named.change(message.attributes.get("name", ""), message.values())


class Device:
    """The properties of one device; made by `Driver.device`."""

    def __init__(self, name: str, driver: Driver) -> None:
        self.name = name
        self._driver = driver
        self._vectors: dict[str, Vector] = {}
        self._handlers: dict[str, Handler] = {}

    def define(self, vector: Vector, handler: Handler | None = None) -> None:
        """Make a property known; the handler is called with what a client sends for it.

        Without a handler, what a client sends becomes the property's value.
        """
        self._vectors[vector.name] = vector
        self._handlers[vector.name] = handler or self._accept
        self._driver.wire.send(vector.define(self.name))

    def define_again(self, name: str = "") -> None:
        """Tell what properties there are, or one of them."""
        for vector in list(self._vectors.values()):
            if name in ("", vector.name):
                self._driver.wire.send(vector.define(self.name))

    def delete(self, name: str) -> None:
        """Take a property back; unknown names do nothing."""
        if self._vectors.pop(name, None) is not None:
            self._driver.wire.send(element("delProperty", self._addressed(name), ""))

    def set(self, vector: Vector, state: State | None = None, message: str = "") -> None:
        """Tell the clients a property's values, with a new state if one is given."""
        if state is not None:
            vector.state = state
        self._driver.wire.send(vector.set_message(self.name, message))

    def say(self, message: str) -> None:
        """Send a message for the people at the clients."""
        attributes = {"device": self.name, "timestamp": timestamp(), "message": message}
        self._driver.wire.send(element("message", attributes, ""))

    def send_blob(self, vector: Vector, payload: bytes | int, suffix: str, size_bytes: int) -> None:
        """Send one BLOB, see `Driver.send_blob`.

        Parameters
        ----------
        suffix : str
            Format with its dot, such as ``.fits``.
        size_bytes : int
            Length before compression.
        """
        vector.state = "Ok"
        attributes = self._addressed(vector.name) | {"state": vector.state, "timeout": str(vector.timeout_s)}
        one = {"name": vector.elements[0].name, "size": str(size_bytes), "format": suffix}
        self._driver.send_blob(attributes, one, payload)

    def is_blob_taken(self, timeout_s: float = 0.0) -> bool:
        """See `Driver.is_blob_taken`."""
        return self._driver.is_blob_taken(timeout_s)

    def change(self, name: str, values: dict[str, str]) -> None:
        """Take what a client sends for a property."""
        vector = self._vectors.get(name)
        if vector is None:
            self.say(f"There is no property {name:.60} now")
            return
        if vector.perm == "ro":
            self.set(vector, message=f"{vector.label} can only be read")
            return
        try:
            self._handlers[name](vector, values)
        except PropertyError as error:
            self.set(vector, "Alert", str(error))
        except Exception as error:  # the top of a message: it costs this one, and none of the server's restarts
            log.exception("a bug in indistack, at %s.%s", self.name, name)
            self.set(vector, "Alert", f"A bug in indistack: {error}")

    def _accept(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self.set(vector, "Ok")

    def _addressed(self, name: str) -> dict[str, str]:
        return {"device": self.name, "name": name, "timestamp": timestamp()}


def memory_file(payload: bytes) -> int:
    """Return a memfd that holds these bytes, which the caller closes."""
    file = os.memfd_create("indi-blob", os.MFD_CLOEXEC)
    rest = memoryview(payload)
    while rest:
        rest = rest[os.write(file, rest) :]
    return file
