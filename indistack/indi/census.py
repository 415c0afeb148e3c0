"""Which devices a server has, what they can do, and which of them is the camera to listen to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

INTERFACES = {
    0: "mount", 1: "camera", 2: "guider", 3: "focuser", 4: "filter wheel", 5: "dome", 6: "gps", 7: "weather",
    8: "adaptive optics", 9: "dust cap", 10: "light box", 11: "detector", 12: "rotator", 13: "spectrograph",
    14: "correlator", 15: "auxiliary", 16: "output", 17: "input", 18: "power",
}  # fmt: skip
"""Bits of DRIVER_INFO.DRIVER_INTERFACE (libindi, basedevice.h)."""

GUIDE_HEAD = "CCD2"
"""BLOB property of a camera's second, guiding chip (libindi, INDI::CCD): never what is stacked."""

SETTLE_S = 1.0
"""Drivers of one server start one after the other: the names of several cameras are told after this time."""

ABSENT_S = 3.0
"""A driver that is at work answers late: that a camera is missing is told after this time."""

PATIENCE_S = 10.0
"""How long a camera that has delivered frames may be absent before another one that is alone takes its place."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device on a server.

    Attributes
    ----------
    name : str
        Its INDI name.
    driver : str
        The driver's executable, "" when it does not say.
    interfaces : tuple of str
        What it can be: camera, mount, focuser...
    connected : bool
        Whether its driver is connected to the hardware.
    blobs : tuple of str
        Its BLOB properties.
    """

    name: str
    driver: str = ""
    interfaces: tuple[str, ...] = ()
    connected: bool = False
    blobs: tuple[str, ...] = ()


def interface_words(bits: int) -> tuple[str, ...]:
    """Return what the bits of DRIVER_INTERFACE mean, in order."""
    return tuple(word for bit, word in INTERFACES.items() if bits >> bit & 1)


@dataclass(slots=True)
class _Device:
    driver: str = ""
    bits: int = 0
    connected: bool = False
    properties: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)

    @property
    def is_camera(self) -> bool:
        return bool(self.bits & 2) or "CCD_EXPOSURE" in self.properties


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """Which camera to listen to; `device` is "" when there is none, and `problem` says why when a person must act."""

    device: str = ""
    cameras: tuple[str, ...] = ()
    problem: str = ""
    ambiguous: bool = False


class Census:
    """The devices of one server as their properties come and go.

    Parameters
    ----------
    wanted : str
        The camera's name; "" takes the only camera there is.
    proven : str
        A camera that has delivered frames before, and stays chosen although others appear.
    """

    def __init__(self, wanted: str = "", proven: str = "") -> None:
        self._wanted = wanted
        self._proven = proven
        self._devices: dict[str, _Device] = {}
        self._since: dict[str, float] = {}

    def define(self, device: str, name: str, *, blob: bool = False) -> None:
        """Note a property."""
        entry = self._devices.setdefault(device, _Device())
        entry.properties.add(name)
        if blob:
            entry.blobs.add(name)

    def describe(self, device: str, driver: str, bits: int) -> None:
        """Note what DRIVER_INFO says."""
        entry = self._devices.setdefault(device, _Device())
        entry.driver, entry.bits = driver, bits

    def connect(self, device: str, connected: bool) -> None:
        """Note whether the driver has its hardware."""
        self._devices.setdefault(device, _Device()).connected = connected

    def forget(self, device: str, name: str = "") -> None:
        """Note that a property, or the whole device, is gone."""
        if not name:
            self._devices.pop(device, None)
        elif entry := self._devices.get(device):
            entry.properties.discard(name)
            entry.blobs.discard(name)

    def prove(self, device: str) -> None:
        """Note that a frame came from a camera: the choice is final."""
        self._proven = device

    def blobs(self, device: str) -> frozenset[str]:
        """Return the BLOB properties of a device that carry the main chip's frames."""
        entry = self._devices.get(device)
        return frozenset(entry.blobs - {GUIDE_HEAD}) if entry else frozenset()

    def facts(self) -> list[DeviceFacts]:
        """Return all devices by name."""
        return [
            DeviceFacts(name, d.driver, interface_words(d.bits), d.connected, tuple(sorted(d.blobs)))
            for name, d in sorted(self._devices.items())
        ]

    def choose(self, now: float) -> CameraChoice:
        """Return the camera to listen to at `now` (seconds of any steady clock)."""
        cameras = tuple(sorted(name for name, device in self._devices.items() if device.is_camera))
        if self._wanted:
            return self._named(cameras, now)
        if self._held("missed", bool(self._proven) and self._proven not in cameras, now) < PATIENCE_S and self._proven:
            return CameraChoice(self._proven if self._proven in cameras else "", cameras)
        return self._only(cameras, now)

    def _named(self, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return the camera that the settings name."""
        absent = self._wanted not in self._devices
        if self._held("absent", absent, now) < ABSENT_S:
            return CameraChoice("" if absent else self._wanted, cameras)
        there = f"the server has {_quoted(cameras)}" if cameras else "the server has no camera yet"
        return CameraChoice("", cameras, f"no device is called {self._wanted!r}: {there}")

    def _only(self, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return the camera if it is the only one."""
        if self._held("none", not cameras, now) >= ABSENT_S:
            return CameraChoice("", cameras, "the server has no camera yet")
        if self._held("several", len(cameras) > 1, now) < SETTLE_S:
            return CameraChoice(cameras[0] if len(cameras) == 1 else "", cameras)
        problem = f"the server has several cameras, {_quoted(cameras)}: name the one to stack (device)"
        return CameraChoice("", cameras, problem, ambiguous=True)

    def _held(self, condition: str, holds: bool, now: float) -> float:
        """Return for how long a condition has held without a break, 0 when it does not."""
        if not holds:
            self._since.pop(condition, None)
            return 0.0
        return now - self._since.setdefault(condition, now)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
