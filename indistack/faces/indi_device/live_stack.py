"""The device: the stack as a camera, with its state, its knobs, and an agent that makes it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from indistack import __version__
from indistack.commands import Finish, State, read_state, tell
from indistack.errors import IndistackError
from indistack.faces.indi_device.agent_process import AgentProcess
from indistack.faces.indi_device.camera_vectors import CameraVectors
from indistack.faces.indi_device.config_file import ConfigFile
from indistack.faces.indi_device.connection import Connection
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

TICK_S, WAITED_FOR_S = 0.2, 0.03
"""How often the folder is looked at, and how often for a picture that somebody waits for."""

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
        self._connection = Connection(self._device, output, port, self._connected_or_not)
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

    def _make_vectors(self) -> None:
        facts = {"DRIVER_NAME": self._device.name, "DRIVER_EXEC": OWN_DRIVER, "DRIVER_VERSION": __version__,
                 "DRIVER_INTERFACE": str(CAMERA_INTERFACE)}  # fmt: skip
        members = (Element(name, name.removeprefix("DRIVER_").capitalize(), text) for name, text in facts.items())
        self._info = texts("DRIVER_INFO", "Driver", "General Info", *members, perm="ro")
        self._output = texts("STACK_OUTPUT", "Output", OPTIONS, Element("FOLDER", "Folder", str(self._agent.output)))
        ends = {GO_ON: "The agent goes on", FINALISE: "The stack is finished"}
        self._at_end = switches("STACK_AT_END", "When the server ends", OPTIONS, ends, GO_ON)
        self._weather = switches("STACK_SKY", "Weather device", OPTIONS, {"ON": "On", "OFF": "Off"}, "OFF")

    def define(self, again: bool = False) -> None:
        """Make everything known, with what was kept; again: it is connected if the agent is still at work."""
        device = self._device
        self._connection.define()
        device.define(self._info)
        for vector in self._camera.all():
            device.define(vector)
        device.define(self._camera.exposure, self._expose)
        device.define(self._camera.abort, self._abort)
        device.define(self._camera.compression, self._compress)
        for vector in self._readings.all():
            device.define(vector)
        self._knobs.define()
        device.define(self._output, self._move)
        device.define(self._at_end)
        device.define(self._weather, self._show_weather)
        device.define(self._config.vector, self._config.act)
        with contextlib.suppress(OSError, StreamError):  # nothing was kept
            self._config.load()
        if again:
            self._connection.find_again()

    def tick(self) -> None:
        """See what is new in the folder, and tell it."""
        there = self._agent.is_there()
        if self._read() or there != self._was_there:
            self._readings.show(self._state, str(self._agent.output), there)
            self._knobs.show(self._state)
            if self._sky is not None:
                self._sky.show(self._state if there else State())
        if there != self._was_there:
            self._was_there = there
            self._arrive_or_leave(there)
        self._teller.hear()
        if self._connection.is_on and not there:
            self._connection.bring_back()
        if self._exposure.is_under_way:
            self._exposure.tick(self._agent.output, self._state)

    def tick_s(self) -> float:
        """Tell how often `tick` is wanted: more often while somebody waits for a picture."""
        return WAITED_FOR_S if self._exposure.is_under_way else TICK_S

    def close(self) -> None:
        """The server has gone: finish the stack, or leave it as it is, as was chosen."""
        if self._at_end.chosen() != FINALISE or self._agent.end():
            return
        try:
            tell(self._agent.output, Finish())
        except IndistackError as error:
            log.error("the stack cannot be finished: %s", error)

    @property
    def _agent(self) -> AgentProcess:
        return self._connection.agent

    def _where(self) -> Path | None:
        return self._agent.output if self._agent.is_there() else None

    def _kept(self) -> Iterable[Vector]:
        yield from (
            self._connection.active,
            self._output,
            self._at_end,
            self._weather,
            self._camera.upload,
            self._camera.form,
        )
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

    def _connected_or_not(self) -> None:
        if self._exposure.is_under_way:
            self._exposure.end("Idle", "Connected anew" if self._connection.is_on else "Disconnected")
        self._exposure.forget()

    def _arrive_or_leave(self, there: bool) -> None:
        if there:
            self._connection.arrive()
            self._knobs.tell_wishes()
        elif self._exposure.is_under_way:
            self._exposure.end("Alert", "The agent has ended")

    def _expose(self, vector: Vector, values: dict[str, str]) -> None:
        if not self._connection.is_on:
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

    def _move(self, vector: Vector, values: dict[str, str]) -> None:
        folder = Path(values.get("FOLDER", "")).expanduser()
        if not folder.is_absolute():
            raise PropertyError("The output folder is wanted with its whole path")
        if folder != self._agent.output:
            self._connection.move(folder)
            self._status_ns, self._was_there = -1, None
            self._exposure.forget()
        vector.update({"FOLDER": str(folder)})
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
