"""Which devices a server has, what they can do, and which of them is the camera to listen to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from indistack.indi.device_facts import DeviceFacts, interface_words
from indistack.values.own_driver import OWN_DRIVER

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
    """Which camera to listen to.

    Attributes
    ----------
    device : str
        Its name, "" when there is none.
    cameras : tuple of str
        All that are there.
    problem : str
        What a person must do.
    possible : tuple of str
        While a choice is near: those that it may fall on. What they deliver meanwhile is kept.
    """

    device: str = ""
    cameras: tuple[str, ...] = ()
    problem: str = ""
    possible: tuple[str, ...] = ()


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
        self._proven_guides = GUIDE_WORD in proven.lower()
        self._devices: dict[str, _Device] = {}
        self._since: dict[str, float] = {}
        self._candidates: tuple[str, ...] = ()
        self._delivered: set[str] = set()
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
        """Note that a frame came from the camera chosen: the choice is final."""
        self._proven = device
        self._proven_guides = device in self._devices and self._devices[device].guides

    def hear(self, device: str) -> None:
        """Note that a frame came from a camera that is not chosen yet: once it is, that is final."""
        self._delivered.add(device)

    def wanted(self, choice: CameraChoice) -> dict[tuple[str, str], str]:
        """Return the BLOB properties, by device and name, that carry frames which may be meant, and their drivers.

        A driver is "" while it is unknown.
        """
        entries = [(name, self._devices.get(name)) for name in {choice.device, *choice.possible}]
        return {(name, blob): entry.driver for name, entry in entries if entry for blob in entry.blobs - {GUIDE_HEAD}}

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
            if missed:
                return self._missed(cameras, now)
            return self._taken(self._proven, cameras, now)
        choice = self._only(cameras, now)
        if choice.device in self._delivered:
            self.prove(choice.device)
        return choice

    def _missed(self, cameras: tuple[str, ...], now: float) -> CameraChoice:
        """Return that a camera which has delivered frames is not there, and what may take its place."""
        gone = f"the camera {self._proven!r} is gone" if self._held("missed", True, now) >= ABSENT_S else ""
        return CameraChoice("", cameras, gone, self._narrowed(self._heirs(cameras)))

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
            gone = f"the camera {self._proven!r} is gone" if self._proven else "the server has no camera yet"
            return CameraChoice("", cameras, gone)
        candidates = self._narrowed(self._heirs(cameras))
        if candidates != self._candidates:
            self._candidates = candidates
            self._since["settled"] = now
        if not candidates and cameras:
            gone = f"the camera {self._proven!r} is gone, and {_quoted(cameras)} guides"
            return CameraChoice("", cameras, f"{gone}: --device chooses it all the same")
        late = len(cameras) > 1 and any(self._devices[name].connected is False for name in cameras)
        if not cameras or now - self._since["settled"] < (CONNECT_S if late else SETTLE_S):
            return CameraChoice("", cameras, possible=candidates)
        if len(candidates) == 1:
            return self._taken(candidates[0], cameras, now)
        return CameraChoice("", cameras, f"the server has several cameras, {_quoted(cameras)}: choose with --device")

    def _heirs(self, cameras: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out what guides where a camera is gone that did not: no guider takes its place."""
        if not self._proven or self._proven_guides:
            return cameras
        return tuple(name for name in cameras if not self._devices[name].guides)

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
