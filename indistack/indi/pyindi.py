"""PyIndi tamed: every trap of pyindi-client is in this file, and callbacks only note, copy and return.

An exception that leaves a callback kills the process, a BLOB's own size may lie, its buffer is reused, and a client
must never be collected while a callback runs.
"""

from __future__ import annotations

import ctypes
import functools
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import PyIndi

from indistack.indi import wire
from indistack.indi.census import Census

FACTS = frozenset({
    "CCD_INFO", "CCD_FRAME", "CCD_BINNING", "CCD_TEMPERATURE", "CCD_GAIN", "CCD_OFFSET", "CCD_ISO", "CCD_CFA",
    "CCD_FRAME_TYPE", "CCD_COMPRESSION", "CCD_TRANSFER_FORMAT", "UPLOAD_MODE",
})  # fmt: skip
"""Properties of the camera whose values go with a frame: what a headerless one would otherwise not have."""

MOUNT_FACTS = frozenset({"EQUATORIAL_EOD_COORD", "TELESCOPE_INFO"})
"""Properties that any device may have and that go with a frame too."""

CONNECT_TIMEOUT_S = 3

_libc = ctypes.CDLL(None)
_libc.free.argtypes = [ctypes.c_void_p]
_clients: list[Client] = []


def _guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """Let no exception out of a callback, and tell the main thread that something happened."""

    @functools.wraps(callback)
    def guarded(self: Client, *arguments: Any) -> None:
        try:
            self.signs.append(False)
            callback(self, *arguments)
            self.wake()
        except BaseException:  # noqa: BLE001 - the library aborts the process on anything that leaves
            self.complain(traceback.format_exc())

    return guarded


class Client(PyIndi.BaseClient):  # type: ignore[misc]
    """One connection; callbacks come on the library's one thread.

    Parameters
    ----------
    link : socket
        Where frames and paths are sent.
    census : Census
        What the devices are; guarded by `lock`.
    wake : callable
        Wakes the main thread.
    """

    def __init__(self, link: socket.socket, census: Census, wake: Callable[[], None]) -> None:
        super().__init__()
        _clients.append(self)  # collected while a callback runs, it would abort the process
        self._link = link
        self._census = census
        self._facts: dict[str, dict[str, wire.Message]] = {}
        self.signs: list[bool] = []
        self.wake = wake
        self.lock = threading.Lock()
        self.camera = ""
        self.lost = False

    def connect(self, host: str, port: int) -> bool:
        """Connect; somebody is known to listen, so this does not freeze the process for long."""
        self.setServer(host, port)
        self.setConnectionTimeout(CONNECT_TIMEOUT_S, 0)
        return bool(self.connectServer())

    def subscribe(self, device: str, name: str, on: bool) -> None:
        """Ask for the BLOBs of one property, or no longer."""
        self.setBLOBMode(PyIndi.B_ALSO if on else PyIndi.B_NEVER, device, name)

    def ping(self, word: str) -> None:
        """Send a ping; the reply is a sign that `take_signs` returns."""
        self.sendPingRequest(word)

    def take_signs(self) -> list[bool]:
        """Return what came since the last call: True for the reply to a ping, False for anything else."""
        signs, self.signs = self.signs, []
        return signs

    def complain(self, text: str) -> None:
        """Tell the agent of a fault in this process."""
        try:
            wire.send(self._link, {"kind": "fault", "text": text[-4000:]})
        except OSError:
            self.lost = True

    @_guarded
    def newProperty(self, prop: Any) -> None:  # noqa: N802
        """Note a property and its values."""
        device, name = prop.getDeviceName(), prop.getName()
        with self.lock:
            self._census.define(device, name, blob=prop.getType() == PyIndi.INDI_BLOB)
        self._note(device, name, prop)
        if name == "CCD_FILE_PATH":
            self._announce(device, prop, defined=True)

    @_guarded
    def updateProperty(self, prop: Any) -> None:  # noqa: N802
        """Take a frame, a path or a fact."""
        device, name = prop.getDeviceName(), prop.getName()
        if prop.getType() == PyIndi.INDI_BLOB:
            self._take(device, name, PyIndi.PropertyBlob(prop))
        elif name == "CCD_FILE_PATH":
            self._announce(device, prop, defined=False)
        else:
            self._note(device, name, prop)

    @_guarded
    def removeProperty(self, prop: Any) -> None:  # noqa: N802
        """Forget a property."""
        with self.lock:
            self._census.forget(prop.getDeviceName(), prop.getName())

    @_guarded
    def removeDevice(self, device: Any) -> None:  # noqa: N802
        """Forget a device."""
        name = device.getDeviceName()
        self._facts.pop(name, None)
        with self.lock:
            self._census.forget(name)

    @_guarded
    def newMessage(self, device: Any, number: int) -> None:  # noqa: N802
        """Pass on what a driver says."""
        message = {"kind": "message", "device": device.getDeviceName(), "text": device.messageQueue(number)}
        wire.send(self._link, message)

    @_guarded
    def newPingReply(self, _word: str) -> None:  # noqa: N802
        """Note that the server lives."""
        self.signs.append(True)

    @_guarded
    def serverDisconnected(self, _code: int) -> None:  # noqa: N802
        """Note the end; nothing may be disconnected from in here."""
        self.lost = True

    def _note(self, device: str, name: str, prop: Any) -> None:
        """Keep the values that go with a frame, or that tell what the device is."""
        if name in FACTS or name in MOUNT_FACTS:
            self._facts.setdefault(device, {})[name] = _values(prop)
        elif name == "DRIVER_INFO":
            values = _values(prop)
            with self.lock:
                self._census.describe(device, values.get("DRIVER_EXEC", ""), int(values["DRIVER_INTERFACE"]))
        elif name == "CONNECTION":
            with self.lock:
                self._census.connect(device, bool(_values(prop).get("CONNECT")))

    def _with_facts(self, device: str) -> wire.Message:
        facts = {
            name: values for other in self._facts.values() for name, values in other.items() if name in MOUNT_FACTS
        }
        return {"device": device, "received": time.time(), "facts": facts | self._facts.get(device, {})}

    def _announce(self, device: str, prop: Any, *, defined: bool) -> None:
        """Pass on the path of a file that the camera's driver has written."""
        if path := _values(prop).get("FILE_PATH"):
            wire.send(self._link, {"kind": "path", "path": path, "defined": defined, **self._with_facts(device)})
            if device == self.camera and not defined:
                self._prove(device)

    def _take(self, device: str, name: str, blobs: Any) -> None:
        """Take each BLOB's buffer over, pass it on and free it."""
        for index in range(len(blobs)):
            blob = blobs[index]
            address, suffix = blob.getBlob(), blob.getFormat().lower()
            size = _true_size(blob, suffix)
            if address is None or size <= 0:
                continue
            blob.setBlob(None)
            blob.setBlobLen(0)
            try:
                if not suffix.startswith(".stream"):
                    self._pass_on(device, name, suffix, int(address), size)
            finally:
                _libc.free(int(address))

    def _pass_on(self, device: str, name: str, suffix: str, address: int, size: int) -> None:
        message = {"kind": "frame", "property": name, "suffix": suffix, **self._with_facts(device)}
        frame = wire.store(address, size)
        try:
            wire.send(self._link, message, frame)
        finally:
            os.close(frame)
        self._prove(device)

    def _prove(self, device: str) -> None:
        with self.lock:
            self._census.prove(device)


def _true_size(blob: Any, suffix: str) -> int:
    """Return the bytes received: `size` is that of the uncompressed data, which compression may even exceed."""
    if suffix.endswith((".z", ".fz")):
        return int(blob.getBlobLen())
    return int(min(blob.getSize(), blob.getBlobLen()))


def _values(prop: Any) -> wire.Message:
    """Return a vector's elements: numbers and texts as they are, of switches those that are on."""
    kind = prop.getType()
    if kind == PyIndi.INDI_NUMBER:
        return {item.getName(): item.getValue() for item in _items(PyIndi.PropertyNumber(prop))}
    if kind == PyIndi.INDI_TEXT:
        return {item.getName(): item.getText() for item in _items(PyIndi.PropertyText(prop))}
    if kind == PyIndi.INDI_SWITCH:
        switches = _items(PyIndi.PropertySwitch(prop))
        return {item.getName(): True for item in switches if item.getState() == PyIndi.ISS_ON}
    return {}


def _items(vector: Any) -> Iterator[Any]:
    return (vector[index] for index in range(len(vector)))
