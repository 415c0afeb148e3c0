"""The session bus of a desktop: signals of one program's objects, its properties and methods. Needs dbus-fast."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

DBUS, DBUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"

CALL_S = 5.0
"""A program that answers later is busy or hangs."""


class BusError(Exception):
    """There is no bus, or it has gone."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What an object has told: its path, the signal's name, and its arguments as plain values."""

    path: str
    member: str
    values: Sequence[Any]


class SessionBus:
    """A connection; use it with ``async with``, which raises BusError where there is no bus.

    Parameters
    ----------
    address : str
        Of the bus; "" takes that of this user's desktop.
    name : str
        The program.
    path : str
        Its objects below this one are listened to.

    Attributes
    ----------
    is_owned : bool
        Whether the program is there.
    """

    def __init__(self, address: str, name: str, path: str) -> None:
        self._address = address or _own_address()
        self._name, self._path = name, path
        self._heard: deque[Signal] = deque()  # a queue's get, when its time is over, may take a signal along
        self._news = asyncio.Event()
        self.is_owned = False

    async def __aenter__(self) -> SessionBus:
        if not self._address:
            raise BusError("there is no session bus")
        try:
            from dbus_fast import Message, MessageType
            from dbus_fast.aio import MessageBus
        except ImportError as error:
            raise BusError("dbus-fast is not installed (pip install 'indistack[ekos]')") from error
        self._message, self._types = Message, MessageType
        try:
            self._bus = await MessageBus(bus_address=self._address).connect()
        except Exception as error:  # whatever a damaged or foreign socket makes of the library
            raise BusError(f"no session bus at {self._address}: {error}") from error
        self._bus.add_message_handler(self._take)
        await self._ask(
            DBUS, DBUS_PATH, DBUS, "AddMatch", f"type='signal',sender='{self._name}',path_namespace='{self._path}'"
        )
        await self._ask(DBUS, DBUS_PATH, DBUS, "AddMatch", f"type='signal',sender='{DBUS}',arg0='{self._name}'")
        self.is_owned = (await self._ask(DBUS, DBUS_PATH, DBUS, "NameHasOwner", self._name)) == [True]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.disconnect()

    async def next(self, timeout_s: float) -> Signal | None:
        """Return the next signal, None where none comes in time; raise BusError where the bus has gone."""
        if not self._heard:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout_s)
        if self._heard:
            return self._heard.popleft()
        if not self._bus.connected:
            raise BusError("the session bus has gone")
        return None

    async def get(self, path: str, interface: str, name: str) -> Any:
        """Return a property of one of the program's objects; None where it is not told."""
        told = await self._ask(self._name, path, "org.freedesktop.DBus.Properties", "Get", interface, name)
        return told[0] if told else None

    async def call(self, path: str, interface: str, member: str) -> bool:
        """Call a method without arguments; tell whether it was answered."""
        return await self._ask(self._name, path, interface, member) is not None

    async def _ask(self, to: str, path: str, interface: str, member: str, *texts: str) -> list[Any] | None:
        from dbus_fast.unpack import unpack_variants

        message = self._message(
            destination=to, path=path, interface=interface, member=member, signature="s" * len(texts), body=list(texts)
        )
        try:
            reply = await asyncio.wait_for(self._bus.call(message), CALL_S)
        except TimeoutError:
            return None
        except Exception as error:  # the library's own, and those of a socket that closes
            raise BusError(f"the session bus has gone: {error}") from error
        if reply is None or reply.message_type == self._types.ERROR:
            return None
        body: list[Any] = unpack_variants(reply.body)
        return body

    def _take(self, message: Any) -> None:
        """Take a message of the bus, in the loop that reads it."""
        if message.message_type != self._types.SIGNAL:
            return
        from dbus_fast.unpack import unpack_variants

        values = unpack_variants(message.body)
        if message.interface == DBUS and message.member == "NameOwnerChanged" and values[0] == self._name:
            self.is_owned = bool(values[2])
        elif str(message.path).startswith(f"{self._path}/"):
            self._heard.append(Signal(message.path, message.member, values))
            self._news.set()


def _own_address() -> str:
    """Return where this user's session bus is; "" where there seems to be none."""
    usual = Path(f"/run/user/{os.getuid()}/bus")
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (f"unix:path={usual}" if usual.exists() else "")
