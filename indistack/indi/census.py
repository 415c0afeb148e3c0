"""Which devices a server has, what they can do, and which of them is the camera to listen to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from indistack.values.own_driver import OWN_DRIVER

INTERFACES = {
    0: "mount", 1: "camera", 2: "guider", 3: "focuser", 4: "filter wheel", 5: "dome", 6: "gps", 7: "weather",
    8: "adaptive optics", 9: "dust cap", 10: "light box", 11: "detector", 12: "rotator", 13: "spectrograph",
    14: "correlator", 15: "auxiliary", 16: "output", 17: "input", 18: "power",
    19: "motion sensor", 20: "polar aligner",
}  # fmt: skip
"""Bits of DRIVER_INFO.DRIVER_INTERFACE (libindi, basedevice.h)."""

MOUNT, CAMERA = 1 << 0, 1 << 1

GUIDE_HEAD = "CCD2"
"""BLOB property of a camera's second, guiding chip (libindi, INDI::CCD): never what is stacked."""

GUIDE_WORD = "guid"
"""In the name of a camera that guides."""

EXPOSURE = "CCD_EXPOSURE"
MAX_DEVICES, MAX_BLOBS = 100, 20
"""Of a server, and of a device: what comes beyond is not looked at."""

SETTLE_S = 1.0
"""Drivers of one server start one after the other: a camera is chosen when so long none came or went."""

CONNECT_S = 5.0
"""So is it where one of several cameras is not connected: the others may just be about to be."""

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
    connected: bool | None = None
    guides: bool = False
    exposes: bool = False
    blobs: set[str] = field(default_factory=set)

    @property
    def is_camera(self) -> bool:
        """A mount has exposures of its own only where it says that it is a camera, too; our own device has stacks."""
        return self.driver != OWN_DRIVER and self.may_expose

    @property
    def may_expose(self) -> bool:
        """Whether its driver is said, or seen, to take exposures."""
        return bool(self.bits & CAMERA) or (not self.bits & MOUNT and self.exposes)

    @property
    def is_something_else(self) -> bool:
        return self.driver == OWN_DRIVER or (bool(self.bits) and not self.is_camera and not self.blobs)


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """Which camera to listen to; `device` is "" when there is none, and `problem` says what a person must do."""

    device: str = ""
    cameras: tuple[str, ...] = ()
    problem: str = ""


class Census:
    """The devices of one server as their properties come and go.

    Parameters
    ----------
    wanted : str
        The camera's name; "" takes the only one there is: that is connected, if some are not, and that does not guide.
    proven : str
        A camera that has delivered frames before, and stays chosen although others appear.
    """

    def __init__(self, wanted: str = "", proven: str = "") -> None:
        self._wanted = wanted
        self._proven = proven
        self._devices: dict[str, _Device] = {}
        self._since: dict[str, float] = {}
        self._candidates: tuple[str, ...] = ()
        self.is_full = False

    def define(self, device: str, name: str, *, blob: bool = False) -> None:
        """Note a property."""
        entry = self._entry(device)
        entry.exposes |= name == EXPOSURE
        if blob and len(entry.blobs) < MAX_BLOBS:
            entry.blobs.add(name)

    def _entry(self, device: str) -> _Device:
        """Return what is known of a device, to be added to; of one too many it is forgotten at once."""
        if device not in self._devices and len(self._devices) >= MAX_DEVICES:
            self.is_full = True
            return _Device()
        return self._devices.setdefault(device, _Device())

    def describe(self, device: str, driver: str, bits: int) -> None:
        """Note what DRIVER_INFO says."""
        entry = self._entry(device)
        entry.driver, entry.bits = driver, bits
        entry.guides |= GUIDE_WORD in f"{device} {driver}".lower()

    def connect(self, device: str, connected: bool) -> None:
        """Note whether the driver has its hardware."""
        self._entry(device).connected = connected

    def guide(self, device: str, guides: bool) -> None:
        """Note whether a camera sits on the guide telescope."""
        self._entry(device).guides = guides

    def forget(self, device: str, name: str = "") -> None:
        """Note that a property, or the whole device, is gone."""
        if not name:
            self._devices.pop(device, None)
        elif entry := self._devices.get(device):
            entry.exposes &= name != EXPOSURE
            entry.blobs.discard(name)

    def prove(self, device: str) -> None:
        """Note that a frame came from a camera: the choice is final."""
        self._proven = device

    def blobs(self, device: str) -> frozenset[str]:
        """Return the BLOB properties of a device that carry the main chip's frames."""
        entry = self._devices.get(device)
        return frozenset(entry.blobs - {GUIDE_HEAD}) if entry else frozenset()

    def driver(self, device: str) -> str:
        """Return the executable of a device's driver, "" while it is unknown."""
        entry = self._devices.get(device)
        return entry.driver if entry else ""

    def facts(self) -> list[DeviceFacts]:
        """Return all devices by name."""
        return [
            DeviceFacts(name, d.driver, interface_words(d.bits), bool(d.connected), tuple(sorted(d.blobs)))
            for name, d in sorted(self._devices.items())
        ]

    def choose(self, now: float) -> CameraChoice:
        """Return the camera to listen to at `now` (seconds of any steady clock)."""
        cameras = tuple(sorted(name for name, device in self._devices.items() if device.is_camera))
        if self._wanted:
            return self._named(cameras, now)
        missed = bool(self._proven) and self._proven not in cameras
        if self._held("missed", missed, now) < PATIENCE_S and self._proven:
            return CameraChoice("", cameras) if missed else self._taken(self._proven, cameras, now)
        return self._only(cameras, now)

    def _named(self, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return the camera that the settings name."""
        device = self._devices.get(self._wanted)
        unfit = device is None or device.is_something_else
        if self._held("unfit", unfit, now) < ABSENT_S:
            return CameraChoice("", cameras) if unfit else self._taken(self._wanted, cameras, now)
        there = f"the server has {_quoted(cameras)}" if cameras else "the server has no camera yet"
        if device is None:
            return CameraChoice("", cameras, f"no device is called {self._wanted!r} (--device): {there}")
        what = " and ".join(interface_words(device.bits)) or "device of another kind"
        return CameraChoice("", cameras, f"{self._wanted!r} (--device) is no camera but a {what}: {there}")

    def _only(self, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return the camera if it is the only one that can be meant."""
        if self._held("none", not cameras, now) >= ABSENT_S:
            return CameraChoice("", cameras, "the server has no camera yet")
        candidates = self._narrowed(cameras)
        if candidates != self._candidates:
            self._candidates = candidates
            self._since["settled"] = now
        late = len(cameras) > 1 and any(self._devices[name].connected is False for name in cameras)
        if not cameras or now - self._since["settled"] < (CONNECT_S if late else SETTLE_S):
            return CameraChoice("", cameras)
        if len(candidates) == 1:
            return self._taken(candidates[0], cameras, now)
        return CameraChoice("", cameras, f"the server has several cameras, {_quoted(cameras)}: choose with --device")

    def _narrowed(self, cameras: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out what is not connected, then what guides, where that leaves any."""
        cameras = tuple(name for name in cameras if self._devices[name].connected is not False) or cameras
        return tuple(name for name in cameras if not self._devices[name].guides) or cameras

    def _taken(self, name: str, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return a camera that is chosen, and say so when it cannot deliver."""
        apart = self._devices[name].connected is False
        if self._held("apart", apart, now) < ABSENT_S:
            return CameraChoice(name, cameras)
        others = [other for other in cameras if other != name]
        choice = f", or choose {_quoted(others)} with --device" if others else ""
        return CameraChoice(name, cameras, f"the camera {name!r} is not connected: connect it in Ekos{choice}")

    def _held(self, condition: str, holds: bool, now: float) -> float:
        """Return for how long a condition has held without a break, 0 when it does not."""
        if not holds:
            self._since.pop(condition, None)
            return 0.0
        return now - self._since.setdefault(condition, now)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
