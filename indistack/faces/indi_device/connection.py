"""CONNECTION and ACTIVE_DEVICES: the agent is started, found, started again after a failure, and follows a camera."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from indistack.errors import IndistackError
from indistack.faces.indi_device.agent_process import AgentProcess
from indistack.faces.indi_device.camera_vectors import MAIN
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import Element, PropertyError, Vector, switches, texts

FIRST_RETRY_S, LAST_RETRY_S = 10.0, 300.0
"""After an agent has failed, it is started again; so much later at first, and at most."""

CONNECT, DISCONNECT = "CONNECT", "DISCONNECT"

CAMERA = "ACTIVE_CCD"


class Connection:
    """The device and the agent of its folder.

    Parameters
    ----------
    device : Device
        Whose.
    output : Path
        The agent's output folder.
    port : int
        Of the INDI server.
    changed : callable
        Called when the device has been connected or disconnected.

    Attributes
    ----------
    agent : AgentProcess
        The agent.
    vector, active : Vector
        CONNECTION and ACTIVE_DEVICES.
    """

    def __init__(self, device: Device, output: Path, port: int, changed: Callable[[], None]) -> None:
        self._device = device
        self._port = port
        self._changed = changed
        self.agent = AgentProcess(output, port)
        words = {CONNECT: "Connect", DISCONNECT: "Disconnect"}
        self.vector = switches("CONNECTION", "Connection", MAIN, words, DISCONNECT)
        camera = Element(CAMERA, "Camera (empty: the only one)")
        self.active = texts("ACTIVE_DEVICES", "Follows", "Options", camera, Element("ACTIVE_TELESCOPE", "Telescope"))
        self._retry_s, self._pause_s = 0.0, FIRST_RETRY_S
        self._follows_another = False

    @property
    def is_on(self) -> bool:
        """Whether a client has connected the device."""
        return self.vector.chosen() == CONNECT

    def define(self) -> None:
        """Make both known."""
        self._device.define(self.vector, self._connect)
        self._device.define(self.active, self._follow)

    def move(self, output: Path) -> None:
        """Be that of the agent of another folder; where it cannot be started there raise PropertyError, and stay."""
        agent = AgentProcess(output, self._port)
        if self.is_on:
            try:
                agent.start(self.active.text(CAMERA))
            except IndistackError as error:
                raise PropertyError(str(error)) from error
        self.agent = agent

    def arrive(self) -> None:
        """The agent has begun to work."""
        if self.is_on:
            self._pause_s = FIRST_RETRY_S
            self._device.set(self.vector, "Ok", f"The agent is at work in {self.agent.output}")

    def find_again(self) -> None:
        """Be connected, as before a crash, if the agent is still at work."""
        if self.agent.is_there():
            self._device.change(self.vector.name, {CONNECT: "On"})

    def bring_back(self) -> None:
        """Start the agent again where that is wanted; one that was ended by somebody else stays so."""
        now_s = time.monotonic()
        try:
            if self._follows_another and self.agent.has_ended():
                self._follows_another = False
                self._start()
            elif self.agent.has_failed() and self.vector.state != "Alert":
                self._retry_s, self._pause_s = now_s + self._pause_s, min(2 * self._pause_s, LAST_RETRY_S)
                self._device.set(self.vector, "Alert", f"The agent has ended: {self.agent.last_words()}")
            elif self.agent.has_failed() and now_s >= self._retry_s:
                self._start()
                self._device.set(self.vector, "Busy")
        except PropertyError as error:
            self._device.set(self.vector, "Alert", str(error))

    def _connect(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self._changed()
        if self.is_on:
            self._start()
            self._device.set(vector, "Ok" if self.agent.is_there() else "Busy")
        else:
            self._device.set(vector, "Idle")

    def _follow(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.text(CAMERA)
        vector.update({name: text for name, text in values.items() if name in vector.written()})
        self._device.set(vector, "Ok")
        if vector.text(CAMERA) == before or not self.is_on:
            return
        self._follows_another = self.agent.end()
        if not self._follows_another and self.agent.is_there():
            self._device.say("The agent was not started here: it goes on with the camera that it has")

    def _start(self) -> None:
        try:
            self.agent.start(self.active.text(CAMERA))
        except IndistackError as error:
            self.vector.choose(DISCONNECT)
            raise PropertyError(str(error)) from error
