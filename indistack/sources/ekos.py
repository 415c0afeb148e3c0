"""What Ekos tells on the session bus: its frames, its target, and what spoils subs; and how it is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from indistack.settings import Settings
from indistack.sources.base import Emit, is_own_stack, read_announced
from indistack.sources.session_bus import BusError, SessionBus
from indistack.system.clock import utc_now
from indistack.values.disturbances import Disturbances

log = logging.getLogger(__name__)

KSTARS = "org.kde.kstars"
EKOS = "/KStars/Ekos"
CAPTURE = f"{KSTARS}.Ekos.Capture"

GUIDES, IS_LOST, IS_OVER = {12}, {1, 3, 10, 14}, {0, 2, 12}
"""States of Ekos' guide module: it guides; it was aborted or disconnected, its calibration failed, its star is sought;
nothing is lost any more. Numbers that KStars 3.6.2 and 3.8 have in common."""

FOCUSES = {5}
"""State of the focus module while it looks for the focus."""

UNGUIDED, FLIP, FOCUS = "guiding was lost", "the mount was flipped", "Ekos focused"

POLL_S, RETRY_S, TARGET_S = 0.2, 20.0, 5.0
"""How often it is looked for wishes; pause before a bus is tried again; shortest time between two looks at the
target."""

FILE_PATIENCE_S = 1.0

OnTarget = Callable[[bool, str], object]
"""Gets True and the name of a target that Ekos turns to, as from a job that begins."""


class EkosSettings(Settings):
    """What is heard of Ekos on the desktop's session bus, where dbus-fast is installed (``indistack[ekos]``)."""

    enabled: bool = True
    """Listen at all."""
    bus: str = ""
    """Address of KStars' session bus; "" for ``$DBUS_SESSION_BUS_ADDRESS``, else ``/run/user/UID/bus``."""
    disturbed: Literal["mark", "hold", "ignore"] = "mark"
    """A sub during which Ekos lost its guide star, flipped the mount or focused is marked in the ledger, or held back
    (refused as ``disturbed``)."""
    targets: bool = True
    """A new stack begins when Ekos turns to another target by name."""
    files: bool = False
    """Take the frames that Ekos names, where they come neither by INDI nor by the post-capture script."""
    stop_at_goal: bool = False
    """Ask Ekos to stop its capture when the stack has reached `goal.snr` or `goal.exposure_s`."""


class EkosWatch:
    """Makes sense of Ekos' signals.

    Parameters
    ----------
    disturbances : Disturbances
        Is told what spoils subs.
    clock : callable
        Gives the time.

    Attributes
    ----------
    hfr_px : float or None
        Of the last frame, as Ekos has measured it.
    """

    def __init__(self, disturbances: Disturbances, clock: Callable[[], datetime] = utc_now) -> None:
        self._disturbances = disturbances
        self._clock = clock
        self._guides = False
        self.hfr_px: float | None = None

    def hear(self, module: str, signal: str, values: Sequence[Any]) -> str:
        """Take a signal of a module, as ``Capture``; return the path of the frame that it tells of, "" for none."""
        match module, signal, values:
            case "Capture", "captureComplete", [{} as frame, *_]:
                return self._frame(frame)
            case "Capture", "meridianFlipStarted", _:
                self._disturbances.begin(FLIP, self._clock())
            case "Capture", "meridianFlipCompleted", _:
                self._disturbances.end(FLIP, self._clock())
            case "Guide", "newStatus", [[int() as state, *_], *_]:
                self._guide(state)
            case "Focus", "newStatus", [[int() as state, *_], *_]:
                change = self._disturbances.begin if state in FOCUSES else self._disturbances.end
                change(FOCUS, self._clock())
        return ""

    def forget(self) -> None:
        """KStars has gone."""
        self._guides = False
        self._disturbances.end_all(self._clock())

    def _frame(self, frame: Mapping[str, Any]) -> str:
        hfr, name = frame.get("hfr"), frame.get("filename")
        self.hfr_px = float(hfr) if isinstance(hfr, int | float) and hfr > 0 else None
        return name if isinstance(name, str) else ""

    def _guide(self, state: int) -> None:
        if state in IS_LOST and self._guides:
            self._disturbances.begin(UNGUIDED, self._clock())
        elif state in IS_OVER:
            self._disturbances.end(UNGUIDED, self._clock())
        if state in GUIDES | IS_OVER:
            self._guides = state in GUIDES


class EkosSource:
    """Listens to Ekos.

    Parameters
    ----------
    settings : EkosSettings
        What is wanted.
    disturbances : Disturbances
        Is told what spoils subs.
    on_target : callable, optional
        See `OnTarget`.
    """

    def __init__(
        self, settings: EkosSettings, disturbances: Disturbances | None = None, on_target: OnTarget | None = None
    ) -> None:
        self._settings = settings
        self._disturbances = disturbances or Disturbances()
        self._on_target = on_target
        self._watch = EkosWatch(self._disturbances)
        self._is_to_stop = threading.Event()
        self._target: str | None = None
        self._looked_s = -TARGET_S
        self._is_there = False
        self.fault = ""

    def status(self) -> dict[str, Any]:
        """Return whether KStars is heard, its target, the HFR of its last frame, and what goes on."""
        return {
            "ekos": self._is_there, "fault": self.fault, "target": self._target or "", "hfr_px": self._watch.hfr_px,
            "disturbed": self._disturbances.now(),
        }  # fmt: skip

    def stop_capture(self) -> None:
        """Ask Ekos to stop its capture, as by its button; returns at once."""
        self._is_to_stop.set()

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Listen until `stop` is set; without a bus, try again now and then."""
        if not self._settings.enabled:
            stop.wait()
            return
        while not stop.is_set():
            try:
                asyncio.run(self._listen(emit, stop))
            except BusError as error:
                if str(error) != self.fault:
                    log.debug("Ekos is not listened to: %s", error)
                self.fault = str(error)
            self._is_there = False
            self._watch.forget()
            stop.wait(RETRY_S)

    async def _listen(self, emit: Emit, stop: threading.Event) -> None:
        async with SessionBus(self._settings.bus, KSTARS, EKOS) as bus:
            self.fault = ""
            while not stop.is_set():
                self._is_there = bus.is_owned
                signal = await bus.next(POLL_S)
                if signal is not None:
                    await self._take(signal.path.rpartition("/")[2], signal.member, signal.values, emit, stop)
                    await self._look_at_target(bus)
                elif not bus.is_owned:
                    self._watch.forget()
                if self._is_to_stop.is_set():
                    self._is_to_stop.clear()
                    await self._stop(bus)

    async def _take(self, module: str, member: str, values: Sequence[Any], emit: Emit, stop: threading.Event) -> None:
        name = self._watch.hear(module, member, values)
        path = Path(name)
        if not name or not self._settings.files or is_own_stack(path):
            return
        blob = await asyncio.to_thread(read_announced, path, "Ekos", stop, FILE_PATIENCE_S)
        if blob is None:
            log.warning("Ekos has told of %s, which is not on this machine", name)
        else:
            emit(blob)

    async def _look_at_target(self, bus: SessionBus) -> None:
        """Act where Ekos has turned from one target to another; the first one is that of the stack there is."""
        if time.monotonic() - self._looked_s < TARGET_S:
            return
        self._looked_s = time.monotonic()
        name = await bus.get(f"{EKOS}/Capture", CAPTURE, "targetName")
        if not isinstance(name, str) or not name or name == self._target:
            return
        before, self._target = self._target, name
        if before is not None and self._settings.targets and self._on_target is not None:
            self._on_target(True, name)

    async def _stop(self, bus: SessionBus) -> None:
        if await bus.call(f"{EKOS}/Capture", CAPTURE, "stop"):
            log.info("Ekos was asked to stop its capture")
        else:
            log.warning("Ekos was to be asked to stop its capture, and is not there")
