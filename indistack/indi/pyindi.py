"""PyIndi tamed: every trap of pyindi-client is in this file, and callbacks only note, copy and return.

An exception that leaves a callback kills the process, a BLOB's own size may lie, its buffer is reused, and a client
must never be collected while a callback runs.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import PyIndi

from indistack.indi.census import Census
from indistack.indi.facts import OF_CAMERA, OF_OTHERS, FactBook
from indistack.system import array_pipe

CONNECT_TIMEOUT_S = 3

MAX_COMPLAINTS, MAX_PATH = 20, 4096
"""Faults that one connection tells, none twice; characters of a path, as longer ones are none."""

STREAM = ".stream"
"""How the format of a BLOB begins that is video."""

_libc = ctypes.CDLL(None)
_libc.free.argtypes = [ctypes.c_void_p]
_clients: list[ServerClient] = []


def _guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """Let no exception out of a callback, and tell the main thread that something happened."""

    @functools.wraps(callback)
    def guarded(self: ServerClient, *arguments: Any) -> None:
        try:
            self.signs.append(False)
            callback(self, *arguments)
            self.wake()
        except BaseException:  # noqa: BLE001 - the library aborts the process on anything that leaves
            self.complain(traceback.format_exc())

    return guarded


class ServerClient(PyIndi.BaseClient):  # type: ignore[misc]
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
        self._facts = FactBook()
        self._complaints: set[str] = set()
        self.signs: list[bool] = []
        self.replies: deque[str] = deque()
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

    def is_awaited(self) -> bool:
        """Tell whether a frame of the camera should have come, or is about to."""
        return self._facts.is_awaited(self.camera)

    def complain(self, text: str) -> None:
        """Tell the agent of a fault in this process, once."""
        if text in self._complaints or len(self._complaints) >= MAX_COMPLAINTS:
            return
        self._complaints.add(text)
        try:
            array_pipe.send(self._link, {"kind": "fault", "text": text[-4000:]})
        except OSError:
            self.lost = True

    @_guarded
    def newProperty(self, prop: Any) -> None:  # noqa: N802
        """Note a property and its values."""
        device, name = prop.getDeviceName(), prop.getName()
        with self.lock:
            self._census.define(device, name, blob=prop.getType() == PyIndi.INDI_BLOB)
        self._note(device, name, prop, defined=True)
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
        self._facts.forget(prop.getDeviceName(), prop.getName())
        with self.lock:
            self._census.forget(prop.getDeviceName(), prop.getName())

    @_guarded
    def removeDevice(self, device: Any) -> None:  # noqa: N802
        """Forget a device."""
        name = device.getDeviceName()
        self._facts.forget(name)
        with self.lock:
            self._census.forget(name)

    @_guarded
    def newMessage(self, device: Any, number: int) -> None:  # noqa: N802
        """Pass on what a driver says."""
        message = {"kind": "message", "device": device.getDeviceName(), "text": device.messageQueue(number)}
        array_pipe.send(self._link, message)

    @_guarded
    def newPingReply(self, word: str) -> None:  # noqa: N802
        """Note that the server lives, and has told all that came before."""
        self.signs.append(True)
        self.replies.append(word)

    @_guarded
    def serverDisconnected(self, _code: int) -> None:  # noqa: N802
        """Note the end; nothing may be disconnected from in here."""
        self.lost = True

    def _note(self, device: str, name: str, prop: Any, *, defined: bool = False) -> None:
        """Keep the values that go with a frame, or that tell what the device is."""
        if name == "CCD_EXPOSURE":
            left_s, state = _values(prop).get("CCD_EXPOSURE_VALUE"), prop.getState()
            busy, failed = state == PyIndi.IPS_BUSY, state in (PyIndi.IPS_IDLE, PyIndi.IPS_ALERT)
            self._facts.expose(device, left_s, busy=busy, failed=failed, defined=defined)
        elif name in OF_CAMERA or name in OF_OTHERS:
            self._facts.note(device, name, _values(prop))
        elif name == "DRIVER_INFO":
            bits, driver = (str(_values(prop).get(one) or "") for one in ("DRIVER_INTERFACE", "DRIVER_EXEC"))
            with self.lock:
                self._census.describe(device, driver, int(bits) if re.fullmatch("[0-9]{1,10}", bits) else 0)
        elif name == "TELESCOPE_TYPE":
            with self.lock:
                self._census.guide(device, "TELESCOPE_GUIDE" in _values(prop))
        elif name == "CONNECTION":
            with self.lock:
                self._census.connect(device, "CONNECT" in _values(prop))

    def _with_facts(self, device: str) -> array_pipe.Message:
        return {"device": device, "received": time.time(), "facts": self._facts.of(device)}

    def _announce(self, device: str, prop: Any, *, defined: bool) -> None:
        """Pass on the path of a file that the camera's driver has written."""
        path = _values(prop).get("FILE_PATH")
        if isinstance(path, str) and 0 < len(path) <= MAX_PATH:
            array_pipe.send(self._link, {"kind": "path", "path": path, "defined": defined, **self._with_facts(device)})
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
                if not suffix.startswith(STREAM):
                    self.send_frame(device, name, suffix, array_pipe.store(int(address), size))
            finally:
                _libc.free(int(address))

    def send_frame(self, device: str, name: str, suffix: str, frame: int) -> None:
        """Send a frame to the agent with what is known of it, and close it; from any thread."""
        message = {"kind": "frame", "property": name, "suffix": suffix, **self._with_facts(device)}
        try:
            array_pipe.send(self._link, message, frame)
        finally:
            os.close(frame)
        self._prove(device)

    def _prove(self, device: str) -> None:
        self._facts.took(device)
        with self.lock:
            (self._census.prove if device == self.camera else self._census.hear)(device)


def _true_size(blob: Any, suffix: str) -> int:
    """Return the bytes received: `size` is that of the uncompressed data, which compression may even exceed."""
    if suffix.endswith((".z", ".fz")):
        return int(blob.getBlobLen())
    return int(min(blob.getSize(), blob.getBlobLen()))


def _values(prop: Any) -> array_pipe.Message:
    """Return a vector's elements: numbers and texts as they are, of switches those that are on, with their labels."""
    kind = prop.getType()
    if kind == PyIndi.INDI_NUMBER:
        return {item.getName(): item.getValue() for item in _items(PyIndi.PropertyNumber(prop))}
    if kind == PyIndi.INDI_TEXT:
        return {item.getName(): item.getText() for item in _items(PyIndi.PropertyText(prop))}
    if kind == PyIndi.INDI_SWITCH:
        switches = _items(PyIndi.PropertySwitch(prop))
        return {item.getName(): item.getLabel() for item in switches if item.getState() == PyIndi.ISS_ON}
    return {}


def _items(vector: Any) -> Iterator[Any]:
    return (vector[index] for index in range(len(vector)))
