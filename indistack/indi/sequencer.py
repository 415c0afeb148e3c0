"""Lets a camera take one exposure after the other: the part that Ekos plays in a demonstration or a test.

Nothing else in indistack commands a camera.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from indistack.errors import SourceError
from indistack.indi.xml_link import XmlLink

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0


class Sequencer:
    """Takes exposures with one camera through an INDI server, speaking INDI's XML.

    Parameters
    ----------
    host, port : str, int
        The server.
    device : str
        The camera.
    """

    def __init__(self, host: str, port: int, device: str) -> None:
        self._address = (host, port)
        self._device = device
        self._states: dict[str, str] = {}

    def run(self, exposure_s: float, stop: threading.Event) -> None:
        """Expose again and again until `stop` is set; a lost server or a failed exposure is tried again."""
        while not stop.is_set():
            try:
                with XmlLink(*self._address) as link:
                    self._states = {}
                    link.ask(self._device)
                    self._expose_all(link, exposure_s, stop)
            except (OSError, SourceError) as error:
                log.debug("sequencer: %s", error)
                stop.wait(0.5)

    def _expose_all(self, link: XmlLink, exposure_s: float, stop: threading.Event) -> None:
        self._await_defined(link, "CONNECTION", stop)
        link.put("Switch", self._device, "CONNECTION", {"CONNECT": "On"})
        self._await_defined(link, "CCD_EXPOSURE", stop)
        while not stop.is_set():
            link.put("Number", self._device, "CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": f"{exposure_s:g}"})
            if self._await_end(link, "CCD_EXPOSURE", stop, exposure_s + CONNECT_TIMEOUT_S) == "Alert":
                stop.wait(0.5)

    def _await_defined(self, link: XmlLink, name: str, stop: threading.Event) -> None:
        """Read until the driver has defined a property, perhaps long ago."""
        self._read_until(link, name, stop, CONNECT_TIMEOUT_S, lambda: "" if name in self._states else None)

    def _await_end(self, link: XmlLink, name: str, stop: threading.Event, timeout_s: float) -> str:
        """Read until the property is set Ok or Alert; return which."""
        self._states.pop(name, None)
        ends = ("Ok", "Alert")
        return self._read_until(
            link, name, stop, timeout_s, lambda: self._states[name] if self._states.get(name) in ends else None
        )

    def _read_until(
        self, link: XmlLink, name: str, stop: threading.Event, timeout_s: float, found: Callable[[], str | None]
    ) -> str:
        deadline_s = time.monotonic() + timeout_s
        while not stop.is_set() and time.monotonic() < deadline_s:
            if (result := found()) is not None:
                return result
            for message in link.messages():
                if message.tag == "delProperty":
                    raise SourceError(f"{self._device}: the driver is gone")
                self._states[message.get("name", "")] = message.get("state", "")
        if stop.is_set():
            return ""
        raise SourceError(f"{self._device}: no answer on {name} for {timeout_s:.0f} s")
