"""Frames from a camera on an INDI server: as BLOBs, or from the files that its driver says it has written."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Protocol

from pydantic import Field

from indistack.indi.census import CameraChoice
from indistack.indi.client import IndiClient
from indistack.indi.events import Devices, Event, FrameBlob, PathSaved, PropertyValues, Said, ServerState
from indistack.settings import Settings, Wanted
from indistack.sources.base import Emit, read_announced
from indistack.sources.cards import cards_of
from indistack.sources.kept_frames import KeptFrames
from indistack.values.blob import Blob, Content

log = logging.getLogger(__name__)

POLL_S = 0.2

FILE_PATIENCE_S = 2.0
"""How long a file that the driver has announced may take to show up here (NFS keeps directories cached for a while)."""


class IndiSettings(Settings):
    """Which server and which camera."""

    host: Annotated[str, Field(pattern=r"^[^\s/]+$"), Wanted("a name or address", '"192.168.1.20"')] = "127.0.0.1"
    """Where the INDI server runs."""
    port: int = Field(default=7624, ge=1, le=65535)
    """On which port it answers."""
    device: str = ""
    """The camera's INDI name; "" takes the one that is connected and does not guide."""
    shared_memory: bool = True
    """Take frames as memory instead of text where the server runs on this machine: a twentieth of the work."""


@dataclass(frozen=True, slots=True)
class IndiStatus:
    """A snapshot for people.

    Attributes
    ----------
    connected : bool
        The server answers.
    server : str
        ``"host:port"``.
    device : str
        The camera chosen, "" while there is none.
    cameras, devices : tuple of str
        What the server has.
    last_error : str
        Why no frames can come at the moment, "" when they can.
    frames, paths : int
        BLOBs and announced files received so far.
    facts : mapping
        INDI properties as they were at the last frame.
    """

    connected: bool = False
    server: str = ""
    device: str = ""
    cameras: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    last_error: str = ""
    frames: int = 0
    paths: int = 0
    facts: PropertyValues = field(default_factory=dict)

    @property
    def waits_for(self) -> str:
        """See `Source.status`."""
        if not self.connected:
            return f"an INDI server at {self.server}" + (f" ({self.last_error})" if self.last_error else "")
        return self.last_error or (f"a frame from {self.device}" if self.device else "a camera")


class CameraLink(Protocol):
    """What is needed of `indistack.indi.client.IndiClient`."""

    def get(self, timeout_s: float) -> Event | None:
        """Return the next event, or None when there is none within the time."""

    def __enter__(self) -> CameraLink: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class IndiSource:
    """An INDI camera.

    The same exposure may come twice, as a file and as a BLOB; whoever receives it compares the content.

    Parameters
    ----------
    settings : IndiSettings
        Which server and which camera.
    connect : callable, optional
        Makes the client from host, port and device; tests put another in its place.
    """

    def __init__(self, settings: IndiSettings, connect: Callable[[str, int, str], CameraLink] | None = None) -> None:
        self._settings = settings
        self._connect = connect or functools.partial(IndiClient, shared=settings.shared_memory)
        self._status = IndiStatus(server=f"{settings.host}:{settings.port}")
        self._device = ""
        self._choice = CameraChoice()
        self._kept = KeptFrames()
        self._last_path: Mapping[str, str] = {}
        self._told = ""
        self._advice = ""

    def status(self) -> IndiStatus:
        """Return how things stand; may be called from any thread."""
        return self._status

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver frames until `stop` is set, whatever becomes of server, driver and client meanwhile."""
        with self._connect(self._settings.host, self._settings.port, self._settings.device) as client:
            while not stop.is_set():
                if (event := client.get(POLL_S)) is not None:
                    self._handle(event, emit, stop)
            while (event := client.get(0)) is not None:  # what has arrived is not dropped
                self._handle(event, emit, stop)
        self._let_go("", emit, stop)
        self._note(connected=False)

    def _note(self, **changes: Any) -> None:
        self._status = replace(self._status, **changes)

    def _handle(self, event: Event, emit: Emit, stop: threading.Event) -> None:
        match event:
            case FrameBlob() | PathSaved() if self._is_early(event):
                self._kept.add(event)
                self._note(last_error=self._trouble())
            case FrameBlob():
                said = "" if self._advice else self._status.last_error
                self._advice = ""
                self._note(frames=self._status.frames + 1, facts=event.facts, last_error=said)
                origin = f"{event.device}.{event.property}"
                cards = cards_of(event.device, event.facts, event.received)
                blob = Blob(Content(event.data), event.suffix, event.device, origin, event.received, cards=cards)
                emit(replace(blob, fault=event.fault))
            case PathSaved():
                self._open(event, emit, stop)
            case CameraChoice():
                self._choose(event)
                if event.device or (event.problem and event.cameras and not event.possible):
                    self._let_go(event.device, emit, stop)
                    self._note(last_error=self._trouble())
            case ServerState(up=up, reason=reason, advice=advice):
                self._advice = advice
                self._told = "" if up else self._told  # a mute one never is
                self._note(connected=up, device="", cameras=(), devices=(), last_error=advice or reason)
            case Devices(devices=devices):
                self._note(devices=tuple(each.name for each in devices))
            case Said(device=device, text=text):
                log.debug("%s: %s", device, text)

    def _is_early(self, event: FrameBlob | PathSaved) -> bool:
        """Whether it is not yet clear that this camera is the one that is meant."""
        if isinstance(event, PathSaved) and event.defined:
            return False
        return event.device in self._choice.possible and event.device != self._device

    def _let_go(self, device: str, emit: Emit, stop: threading.Event) -> None:
        """Take what the camera has delivered before it was chosen, and tell of what others have."""
        wanted, told = self._kept.give(device)
        if told:
            log.warning("%s", told)
        for event in wanted:
            self._handle(event, emit, stop)

    def _trouble(self) -> str:
        """Return why no frames can come at the moment, and what is kept until it is over."""
        kept = self._kept.words()
        told = self._choice.problem or self._advice
        return "; ".join(filter(None, [told, kept and f"kept until it is clear which camera is meant: {kept}"]))

    def _open(self, event: PathSaved, emit: Emit, stop: threading.Event) -> None:
        """Read an announced file, unless it is another camera's or was announced before we came."""
        known = self._last_path.get(event.device)
        if event.device != self._device or (event.defined and known in (None, event.path)):
            return
        self._last_path = {event.device: event.path}
        self._note(paths=self._status.paths + 1, facts=event.facts)
        blob_follows = "UPLOAD_BOTH" in event.facts.get("UPLOAD_MODE", {})
        path = Path(event.path)
        blob = read_announced(path, event.device, stop, 0 if blob_follows else FILE_PATIENCE_S)
        if blob is None and not blob_follows:
            log.warning(
                "%s has saved %s, which is not on this machine: set its upload to Client or Both", event.device, path
            )
            blob = Blob(
                Content(b""), "", event.device, event.path, event.received, path, "no such file on this machine"
            )
        if blob is not None:
            emit(replace(blob, received=event.received, cards=cards_of(event.device, event.facts, event.received)))

    def _choose(self, choice: CameraChoice) -> None:
        """Take note of the camera chosen, or of why there is none."""
        self._choice = choice
        if choice.problem:
            self._say(logging.WARNING, f"{choice.problem}; waiting")
        elif choice.device:
            others = [repr(name) for name in choice.cameras if name != choice.device and not self._settings.device]
            passed_over = f"; not {', '.join(others)}, which --device chooses" if others else ""
            self._say(logging.INFO, f"camera: {choice.device}{passed_over}")
        elif self._status.device:
            self._say(logging.INFO, f"camera {self._status.device} is gone; waiting for it")
        self._device = choice.device or self._device
        self._note(device=choice.device, cameras=choice.cameras, last_error=self._trouble())

    def _say(self, level: int, text: str) -> None:
        """Log what is new."""
        if text != self._told:
            log.log(level, "%s", text)
        self._told = text
