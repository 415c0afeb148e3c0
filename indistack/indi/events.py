"""What the INDI process tells the agent, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from indistack.indi.census import CameraChoice
from indistack.indi.device_facts import DeviceFacts
from indistack.system.array_pipe import Message
from indistack.system.harmless import harmless_values

PropertyValues = Mapping[str, Mapping[str, Any]]
"""Values of INDI properties at the time of a frame: property, element, value (of switches those on, with labels)."""


@dataclass(frozen=True, slots=True)
class FrameBlob:
    """A BLOB with a camera's frame; `data` frees its memory when the last reference goes; `fault`: why it is empty."""

    device: str
    property: str
    suffix: str
    data: memoryview
    received: datetime
    facts: PropertyValues = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PathSaved:
    """The camera's driver has written a file, perhaps on another machine.

    `defined`: the path is the last one before this connection began.
    """

    device: str
    path: str
    defined: bool
    received: datetime
    facts: PropertyValues = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerState:
    """The server answers, or why it does not; and what helps where its frames do not come."""

    up: bool
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices of the server."""

    devices: tuple[DeviceFacts, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A driver's message for people."""

    device: str
    text: str


Event = FrameBlob | PathSaved | ServerState | CameraChoice | Devices | Said


def event_of(message: Message, data: memoryview | None) -> Event | None:
    """Return the event that a message describes; None for messages between the processes themselves."""
    fields = {name: each if name == "path" else harmless_values(each) for name, each in message.items()}
    kind = fields.pop("kind")
    if "received" in fields:
        fields["received"] = datetime.fromtimestamp(fields["received"], UTC)
    if kind == "frame":
        return FrameBlob(data=memoryview(b"") if data is None else data, **fields)
    if kind == "path":
        return PathSaved(**fields)
    if kind == "server":
        return ServerState(**fields)
    if kind == "camera":
        return CameraChoice(**fields | {name: tuple(fields[name]) for name in ("cameras", "possible")})
    if kind == "devices":
        return Devices(tuple(_facts(each) for each in fields["devices"]))
    if kind == "message":
        return Said(**fields)
    return None


def _facts(each: Message) -> DeviceFacts:
    return DeviceFacts(**each | {"interfaces": tuple(each["interfaces"]), "blobs": tuple(each["blobs"])})
