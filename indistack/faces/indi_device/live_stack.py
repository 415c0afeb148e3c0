"""The device: the stack as a camera, with its state, its knobs, and an agent that makes it."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from indistack import __version__
from indistack.commands import Finish, State, read_state, tell
from indistack.errors import IndistackError
from indistack.faces.indi_device.agent_process import AgentProcess
from indistack.faces.indi_device.camera_vectors import MAIN, CameraVectors
from indistack.faces.indi_device.config_file import ConfigFile
from indistack.faces.indi_device.exposure import Exposure
from indistack.faces.indi_device.kernel.driver import Driver
from indistack.faces.indi_device.kernel.properties import Element, PropertyError, Vector, switches, texts
from indistack.faces.indi_device.kernel.xml_stream import StreamError
from indistack.faces.indi_device.knobs import Knobs
from indistack.faces.indi_device.readings import Readings
from indistack.faces.indi_device.sky import SUFFIX, Sky
from indistack.faces.indi_device.teller import Teller
from indistack.store.last_status import STATUS
from indistack.values.own_driver import OWN_DRIVER

log = logging.getLogger(__name__)

NAME = "Live Stack"
OPTIONS = "Options"
CAMERA_INTERFACE = 2

FIRST_RETRY_S, LAST_RETRY_S = 10.0, 300.0
"""After an agent has failed, it is started again; so much later at first, and at most."""

CONNECT, DISCONNECT = "CONNECT", "DISCONNECT"
GO_ON, FINALISE = "GO_ON", "FINALISE"


class LiveStack:
    """The stack as a device.

    Parameters
    ----------
    driver : Driver
        Has the conversation.
    output : Path
        The agent's output folder.
    port : int
        Of the INDI server.
    environment : mapping
        ``INDIDEV``: the device's name; see `ConfigFile`, too.
    """

    def __init__(self, driver: Driver, output: Path, port: int, environment: Mapping[str, str]) -> None:
        self._driver = driver
        self._device = driver.device(environment.get("INDIDEV") or NAME)
        self._agent = AgentProcess(output, port)
        self._port = port
        self._teller = Teller()
        self._camera = CameraVectors()
        self._exposure = Exposure(self._device, self._camera)
        self._readings = Readings(self._device)
        self._knobs = Knobs(self._device, self._teller, self._where)
        self._sky: Sky | None = None
        self._config = ConfigFile(self._device, self._kept, environment)
        self._make_vectors()
        self._state = State()
        self._status_ns = -1
        self._was_there: bool | None = None
        self._retry_s, self._pause_s = 0.0, FIRST_RETRY_S

    def _make_vectors(self) -> None:
        words = {CONNECT: "Connect", DISCONNECT: "Disconnect"}
        self._connection = switches("CONNECTION", "Connection", MAIN, words, DISCONNECT)
        facts = {"DRIVER_NAME": self._device.name, "DRIVER_EXEC": OWN_DRIVER, "DRIVER_VERSION": __version__,
                 "DRIVER_INTERFACE": str(CAMERA_INTERFACE)}  # fmt: skip
        members = (Element(name, name.removeprefix("DRIVER_").capitalize(), text) for name, text in facts.items())
        self._info = texts("DRIVER_INFO", "Driver", "General Info", *members, perm="ro")
        self._active = texts(
            "ACTIVE_DEVICES", "Follows", OPTIONS,
            Element("ACTIVE_CCD", "Camera (empty: the only one)"), Element("ACTIVE_TELESCOPE", "Telescope"),
        )  # fmt: skip
        self._output = texts("STACK_OUTPUT", "Output", OPTIONS, Element("FOLDER", "Folder", str(self._agent.output)))
        ends = {GO_ON: "The agent goes on", FINALISE: "The stack is finished"}
        self._at_end = switches("STACK_AT_END", "When the server ends", OPTIONS, ends, GO_ON)
        self._weather = switches("STACK_SKY", "Weather device", OPTIONS, {"ON": "On", "OFF": "Off"}, "OFF")

    def define(self) -> None:
        """Make everything known, with what was kept."""
        device = self._device
        device.define(self._connection, self._connect)
        device.define(self._info)
        for vector in self._camera.all():
            device.define(vector)
        device.define(self._camera.exposure, self._expose)
        device.define(self._camera.abort, self._abort)
        device.define(self._camera.compression, self._compress)
        for vector in self._readings.all():
            device.define(vector)
        self._knobs.define()
        device.define(self._active, self._follow)
        device.define(self._output, self._move)
        device.define(self._at_end)
        device.define(self._weather, self._show_weather)
        device.define(self._config.vector, self._config.act)
        with contextlib.suppress(OSError, StreamError):  # nothing was kept
            self._config.load()

    def tick(self) -> None:
        """See what is new in the folder, and tell it."""
        there = self._agent.is_there()
        if there != self._was_there:
            self._arrive_or_leave(there)
        if self._read() or there != self._was_there:
            self._readings.show(self._state, str(self._agent.output), there)
            self._knobs.show(self._state)
            if self._sky is not None:
                self._sky.show(self._state if there else State())
        self._was_there = there
        self._teller.hear()
        if self._connected and not there:
            self._bring_back()
        if self._exposure.is_under_way:
            self._exposure.tick(self._agent.output, self._state)

    def close(self) -> None:
        """The server has gone: finish the stack, or leave it as it is, as was chosen."""
        if self._at_end.chosen() != FINALISE or self._agent.end():
            return
        try:
            tell(self._agent.output, Finish())
        except IndistackError as error:
            log.error("the stack cannot be finished: %s", error)

    @property
    def _connected(self) -> bool:
        return self._connection.chosen() == CONNECT

    def _where(self) -> Path | None:
        return self._agent.output if self._agent.is_there() else None

    def _kept(self) -> Iterable[Vector]:
        yield from (self._active, self._output, self._at_end, self._weather, self._camera.upload, self._camera.form)
        yield from self._knobs.settings()

    def _read(self) -> bool:
        """Read the status if it is another one; tell whether it is."""
        try:
            changed_ns = (self._agent.output / STATUS).stat().st_mtime_ns
        except OSError:
            changed_ns = 0
        if changed_ns == self._status_ns:
            return False
        self._status_ns, self._state = changed_ns, read_state(self._agent.output)
        return True

    def _connect(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        if not self._connected:
            if self._exposure.is_under_way:
                self._exposure.end("Idle", "Disconnected")
            self._device.set(vector, "Idle")
            return
        self._exposure.forget()
        self._start_agent()
        self._device.set(vector, "Ok" if self._agent.is_there() else "Busy")

    def _start_agent(self) -> None:
        try:
            self._agent.start(self._active.text("ACTIVE_CCD"))
        except IndistackError as error:
            self._connection.choose(DISCONNECT)
            raise PropertyError(str(error)) from error

    def _arrive_or_leave(self, there: bool) -> None:
        if there and self._connected:
            self._pause_s = FIRST_RETRY_S
            self._device.set(self._connection, "Ok", f"The agent is at work in {self._agent.output}")
        if there:
            self._knobs.tell_wishes()

    def _bring_back(self) -> None:
        """Start the agent again after it has failed, now and then; one that was ended by somebody stays so."""
        now_s = time.monotonic()
        if not self._agent.has_failed():
            self._retry_s = now_s
        elif self._connection.state != "Alert":
            self._retry_s, self._pause_s = now_s + self._pause_s, min(2 * self._pause_s, LAST_RETRY_S)
            self._device.set(self._connection, "Alert", f"The agent has ended: {self._agent.last_words()}")
        elif now_s >= self._retry_s:
            self._connection.state = "Busy"
            self._start_agent()

    def _expose(self, vector: Vector, values: dict[str, str]) -> None:
        if not self._connected:
            raise PropertyError(f"{self._device.name} is not connected")
        vector.update(values)
        self._exposure.begin(vector.number("CCD_EXPOSURE_VALUE"), self._agent.output, self._state)

    def _abort(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        pressed = vector.chosen()
        vector.choose("")
        if pressed and self._exposure.is_under_way:
            self._exposure.end()
        self._device.set(vector, "Ok" if pressed else "Idle")

    def _compress(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        wanted = vector.chosen()
        vector.choose("INDI_DISABLED")
        if wanted != "INDI_DISABLED":
            raise PropertyError("Pictures are sent as they are: a tenth of the time, on this machine")
        self._device.set(vector, "Ok")

    def _follow(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.text("ACTIVE_CCD")
        vector.update({name: text for name, text in values.items() if name in vector.written()})
        self._device.set(vector, "Ok")
        if vector.text("ACTIVE_CCD") != before and self._connected and self._agent.is_there():
            self._device.say("The camera is followed from the next start of the agent on")

    def _move(self, vector: Vector, values: dict[str, str]) -> None:
        folder = Path(values.get("FOLDER", "")).expanduser()
        if not folder.is_absolute():
            raise PropertyError("The output folder is wanted with its whole path")
        vector.update({"FOLDER": str(folder)})
        if folder != self._agent.output:
            self._agent, self._status_ns, self._was_there = AgentProcess(folder, self._port), -1, None
            self._exposure.forget()
            if self._connected:
                self._start_agent()
        self._device.set(vector, "Ok")

    def _show_weather(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        if vector.chosen() == "ON" and self._sky is None:
            self._sky = Sky(self._driver.device(f"{self._device.name}{SUFFIX}"))
            self._sky.show(self._state)
        elif vector.chosen() == "OFF" and self._sky is not None:
            self._driver.remove(f"{self._device.name}{SUFFIX}")
            self._sky = None
        self._device.set(vector, "Ok")
