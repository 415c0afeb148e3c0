"""Which values of INDI properties go with a frame, and what becomes of them on the way."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from indistack.system.array_pipe import Message

OF_CAMERA = frozenset({
    "CCD_INFO", "CCD_FRAME", "CCD_BINNING", "CCD_TEMPERATURE", "CCD_GAIN", "CCD_OFFSET", "CCD_CONTROLS", "CCD_ISO",
    "CCD_CFA", "CCD_FRAME_TYPE", "CCD_COMPRESSION", "CCD_TRANSFER_FORMAT", "CCD_EXPOSURE", "READ_MODE", "READOUT_MODE",
    "CCD_READ_MODE", "READOUT_QUALITY", "SCOPE_INFO", "FITS_HEADER", "ACTIVE_DEVICES", "UPLOAD_MODE",
})  # fmt: skip
"""Of the camera: what its file may be silent about, and a headerless frame is silent about altogether."""

OF_OTHERS = frozenset({
    "EQUATORIAL_EOD_COORD", "TELESCOPE_INFO", "FILTER_SLOT", "FILTER_NAME", "ABS_ROTATOR_ANGLE",
})  # fmt: skip
"""Of mount, filter wheel and rotator."""


def facts_of(camera: str, known: Mapping[str, Mapping[str, Message]]) -> dict[str, Message]:
    """Return what goes with a frame of a camera: its own facts, and those of the devices that work with it.

    Where several devices have the same property (the filter wheels of two telescopes), the one counts that the camera
    names among its active devices, or none.

    Parameters
    ----------
    known : mapping
        Device -> property -> values.
    """
    own = known.get(camera, {})
    active = set(own.get("ACTIVE_DEVICES", {}).values())
    found: dict[str, Message] = {}
    for name in OF_OTHERS:
        owners = [device for device, facts in known.items() if name in facts]
        if len(owners) > 1:
            owners = [device for device in owners if device in active]
        if len(owners) == 1:
            found[name] = known[owners[0]][name]
    return found | dict(own)


CLEARED = "INDI_CLEAR"
"""A keyword's name by which a driver forgets those that it was told."""

LAST_S = 1.0
"""Of an exposure: with so much left, or none, the frame is the next that comes."""


class Countdown:
    """The exposure that was asked for: the driver's number starts with it and counts down to 0.

    Attributes
    ----------
    is_awaited : bool
        It has ended, or is about to, and its frame has not come.
    """

    def __init__(self) -> None:
        self.requested_s: float | None = None
        self.is_awaited = False
        self._has_come = False
        self._last_s = 0.0
        self._busy = False

    def note(self, left_s: float, busy: bool, failed: bool = False) -> None:
        """Take in a change of the property: a new exposure begins where it becomes busy, or jumps up while it is.

        Of one that has `failed`, or was aborted, no frame comes; others may send it before they say that it has ended.
        """
        if busy and (not self._busy or left_s > self._last_s):
            self.requested_s, self._has_come = left_s, False
        if failed:
            self.is_awaited = False
        elif not self._has_come:
            self.is_awaited |= self._busy if not busy else left_s <= LAST_S
        self._last_s, self._busy = left_s, busy

    def took(self) -> None:
        """Take in that its frame has come."""
        self.is_awaited, self._has_come = False, True

    def join(self, left_s: float, busy: bool) -> None:
        """Take in how the property was found: an exposure that is under way began with an unknown number."""
        self.requested_s, self._last_s, self._busy = None, left_s, busy


def keywords(known: Message, said: Message) -> Message:
    """Return the FITS keywords that a driver was told: up to INDI 1.9 all at once, since then one after the other."""
    name = str(said.get("KEYWORD_NAME") or "").strip().upper()
    if "KEYWORD_NAME" not in said:
        return said
    if name == CLEARED:
        return {}
    return {**known, name: said.get("KEYWORD_VALUE", "")} if name else known


class FactBook:
    """What the devices have said of themselves so far; may be used from any thread."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[str, Message]] = {}
        self._exposures: dict[str, Countdown] = {}
        self._lock = threading.Lock()

    def note(self, device: str, name: str, values: Message) -> None:
        """Keep the values of a property."""
        with self._lock:
            known = self._facts.setdefault(device, {})
            known[name] = keywords(known.get(name, {}), values) if name == "FITS_HEADER" else values

    def expose(self, device: str, said: object, *, busy: bool, failed: bool, defined: bool) -> None:
        """Keep the exposure that was asked for, if it is a number (s); `defined`: so the property was found."""
        left_s = said if isinstance(said, float) else 0.0
        with self._lock:
            exposure = self._exposures.setdefault(device, Countdown())
            if defined:
                exposure.join(left_s, busy)
            else:
                exposure.note(left_s, busy, failed)
            known = {} if exposure.requested_s is None else {"CCD_EXPOSURE_VALUE": exposure.requested_s}
            self._facts.setdefault(device, {})["CCD_EXPOSURE"] = known

    def took(self, device: str) -> None:
        """Note that a frame of a camera, or its file's path, has come."""
        with self._lock:
            if device in self._exposures:
                self._exposures[device].took()

    def is_awaited(self, device: str) -> bool:
        """Tell whether a camera's frame should have come, or is about to."""
        with self._lock:
            return device in self._exposures and self._exposures[device].is_awaited

    def forget(self, device: str, name: str = "") -> None:
        """Forget a property, or all of a device."""
        with self._lock:
            if name:
                self._facts.get(device, {}).pop(name, None)
            else:
                self._facts.pop(device, None)
                self._exposures.pop(device, None)

    def of(self, camera: str) -> dict[str, Message]:
        """Return what goes with a frame of a camera, see `facts_of`."""
        with self._lock:
            return facts_of(camera, self._facts)
