"""Sends a mount to a place near the one where it is, if it is in a state to go there."""

from __future__ import annotations

import time
from collections.abc import Callable
from xml.etree import ElementTree as Xml

from indistack.errors import SourceError
from indistack.indi.xml_link import XmlLink

COORDINATES, MODE = "EQUATORIAL_EOD_COORD", "ON_COORD_SET"

ANSWER_S = 3.0
"""How long a server may take to tell its properties, and a mount to take an order."""

QUIET_S = 0.4
"""Without a further property for this long, all have been told."""

Aim = Callable[[float, float], tuple[float, float]]
"""RA (h) and Dec (deg) where it is -> where it is to go, both of the date."""


class Mount:
    """A mount on an INDI server; connected for as long as an order takes.

    Parameters
    ----------
    host, port : str, int
        The server.
    device : str
        The mount's name; "" takes the only one there is.
    """

    def __init__(self, host: str, port: int, device: str = "") -> None:
        self._address = (host, port)
        self._device = device

    def goto(self, aim: Aim) -> None:
        """Send it somewhere, where it goes on tracking; return when it has taken the order.

        Raises
        ------
        SourceError
            No server, no such mount, or it is parked, not tracking, already slewing, or refuses.
        """
        try:
            with XmlLink(*self._address) as link:
                link.ask(self._device)
                vectors = _properties(link)
                device = self._choose(vectors)
                _require_tracking(device, vectors)
                ra_h, dec_deg = aim(*_coordinates(vectors[device, COORDINATES]))
                link.put("Switch", device, MODE, {"TRACK": "On"})  # it may have been left to synchronise
                link.put("Number", device, COORDINATES, {"RA": f"{ra_h:.10f}", "DEC": f"{dec_deg:.10f}"})
                _await_order(link, device)
        except OSError as error:
            raise SourceError(f"no INDI server at {self._address[0]}:{self._address[1]}: {error}") from error

    def _choose(self, vectors: dict[tuple[str, str], Xml.Element]) -> str:
        mounts = [device for device, name in vectors if name == COORDINATES]
        if self._device:
            mounts = [device for device in mounts if device == self._device]
        if len(mounts) != 1:
            there = ", ".join(map(repr, mounts)) or "none"
            raise SourceError(f"one mount is needed (centre.mount), the server has {there}")
        return mounts[0]


def _properties(link: XmlLink) -> dict[tuple[str, str], Xml.Element]:
    """Return device and name -> vector, of all that the server tells until it is quiet."""
    vectors: dict[tuple[str, str], Xml.Element] = {}
    deadline_s, last_s = time.monotonic() + ANSWER_S, time.monotonic()
    while time.monotonic() < deadline_s and not (vectors and time.monotonic() - last_s > QUIET_S):
        for message in link.messages():
            if message.tag.startswith("def"):
                vectors[message.get("device", ""), message.get("name", "")] = message
                last_s = time.monotonic()
    return vectors


def _require_tracking(device: str, vectors: dict[tuple[str, str], Xml.Element]) -> None:
    if _is_on(vectors, device, "TELESCOPE_PARK", "PARK"):
        raise SourceError(f"{device} is parked")
    if vectors[device, COORDINATES].get("state") == "Busy":
        raise SourceError(f"{device} is slewing")
    if _is_on(vectors, device, "TELESCOPE_TRACK_STATE", "TRACK_OFF"):
        raise SourceError(f"{device} is not tracking")


def _is_on(vectors: dict[tuple[str, str], Xml.Element], device: str, name: str, switch: str) -> bool:
    vector = vectors.get((device, name))
    return vector is not None and any(one.get("name") == switch and (one.text or "").strip() == "On" for one in vector)


def _coordinates(vector: Xml.Element) -> tuple[float, float]:
    values = {one.get("name"): float((one.text or "nan").strip()) for one in vector}
    return values["RA"], values["DEC"]


def _await_order(link: XmlLink, device: str) -> None:
    """Wait until the mount has set out, or has arrived; raise when it refuses."""
    deadline_s, states = time.monotonic() + ANSWER_S, set()
    while time.monotonic() < deadline_s and "Busy" not in states:  # Ok may be of the place before
        for message in link.messages():
            if (message.get("device"), message.get("name")) == (device, COORDINATES):
                states.add(message.get("state"))
        if "Alert" in states:
            raise SourceError(f"{device} refuses the correction")
    if not states:
        raise SourceError(f"{device} does not answer")
