"""CONFIG_PROCESS: keeps what a device was set to in a file as libindi's drivers do, and sets it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from indistack.errors import SinkError
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import PropertyError, Vector, switches
from indistack.faces.indi_device.kernel.xml_stream import Message, StreamError, XmlReader, element, text_element
from indistack.system.atomic import atomic_file
from indistack.system.ordinary_file import read_ordinary

MAX_BYTES = 1_000_000

LOAD, SAVE, DEFAULT, PURGE = "CONFIG_LOAD", "CONFIG_SAVE", "CONFIG_DEFAULT", "CONFIG_PURGE"


class ConfigFile:
    """The file of one device.

    Parameters
    ----------
    device : Device
        Whose.
    kept : callable
        Gives the vectors that are kept.
    environment : mapping
        ``INDICONFIG`` names the file; else it lies in ``~/.indi``.
    """

    def __init__(
        self, device: Device, kept: Callable[[], Iterable[Vector]], environment: Mapping[str, str] = os.environ
    ) -> None:
        self._device = device
        self._kept = kept
        named = environment.get("INDICONFIG")
        self._path = Path(named) if named else Path.home() / ".indi" / f"{device.name}_config.xml"
        words = {LOAD: "Load", SAVE: "Save", DEFAULT: "Default", PURGE: "Forget"}
        self.vector = switches("CONFIG_PROCESS", "Configuration", "Options", words, rule="AtMostOne")

    def act(self, vector: Vector, values: dict[str, str]) -> None:
        """Do what was pressed."""
        vector.update(values)
        pressed = vector.chosen()
        vector.choose("")
        try:
            self._do(pressed)
        except (OSError, SinkError, StreamError) as error:
            raise PropertyError(f"{self._path}: {error}") from error
        self._device.set(vector, "Ok" if pressed else "Idle")

    def load(self) -> None:
        """Set what the file keeps; raise OSError or StreamError where it cannot be read."""
        messages: list[Message] = []
        XmlReader(messages.append).feed(read_ordinary(self._path, MAX_BYTES))
        if not messages:
            raise StreamError("it is no configuration, or not a whole one")
        for kept in (vector for message in messages for vector in message.elements):
            if kept.tag.startswith("new"):
                self._device.change(kept.attributes.get("name", ""), kept.values())

    def save(self) -> None:
        """Write the file; raise OSError or SinkError where it cannot be written."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        body = "".join(f"\n{self._written(vector)}" for vector in self._kept())
        with atomic_file(self._path) as file:
            file.write(element("INDIDriver", {}, body).encode())

    def _do(self, pressed: str) -> None:
        if pressed == SAVE:
            self.save()
        elif pressed in (LOAD, DEFAULT):
            self.load()
        elif pressed == PURGE:
            self._path.unlink(missing_ok=True)

    def _written(self, vector: Vector) -> str:
        ones = "".join(text_element(f"one{vector.kind}", {"name": n}, text) for n, text in vector.written().items())
        told = {"device": self._device.name, "name": vector.name}
        return element(f"new{vector.kind}Vector", told, ones)
