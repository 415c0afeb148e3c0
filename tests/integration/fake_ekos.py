"""A session bus of its own, and on it what Ekos says and answers there, as KStars 3.6.2 was seen to do."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME, EKOS = "org.kde.kstars", "/KStars/Ekos"
FRAME = {
    "eccentricity": ("d", -1.0), "exposure": ("d", 1.0), "filename": ("s", ""), "filter": ("s", ""),
    "height": ("i", 1024), "hfr": ("d", -1.0), "median": ("i", -1), "starCount": ("i", -1), "type": ("i", 0),
    "width": ("i", 1280),
}  # fmt: skip


class Bus:
    """A dbus-daemon that nobody else uses."""

    def __init__(self) -> None:
        words = ["dbus-daemon", "--session", "--nofork", "--print-address"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class FakeEkos:
    """Owns the name of KStars, from the beginning until `end`."""

    def __init__(self, address: str) -> None:
        self.target, self.calls = "", list[str]()
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._await(self._begin)

    def signal(self, module: str, member: str, signature: str = "", *body: Any) -> None:
        told = Message.new_signal(f"{EKOS}/{module}", f"{NAME}.Ekos.{module}", member, signature, list(body))
        self._await(lambda: self._bus.send(told))

    def status(self, module: str, state: int) -> None:
        self.signal(module, "newStatus", "(i)", [state])

    def captured(self, **facts: Any) -> None:
        told = {name: Variant(kind, facts.get(name, value)) for name, (kind, value) in FRAME.items()}
        self.signal("Capture", "captureComplete", "a{sv}", told)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._bus.disconnect)
        with contextlib.suppress(OSError, EOFError):  # the bus may have gone before
            self._await(self._bus.wait_for_disconnect)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, begin: Callable[[], Awaitable[Any]]) -> Any:
        """Have the loop's thread begin something, for the library is used by one thread only; return what it gives."""

        async def outer() -> Any:
            return await begin()

        return asyncio.run_coroutine_threadsafe(outer(), self._loop).result(60)

    async def _begin(self) -> None:
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.add_message_handler(self._answer)
        await self._bus.request_name(NAME)

    def _answer(self, message: Message) -> Message | bool:
        if message.message_type != MessageType.METHOD_CALL:
            return False
        if message.member == "Get":
            return Message.new_method_return(message, "v", [Variant("s", self.target)])
        if message.member == "stop":
            self.calls.append(f"{message.path} {message.interface}.{message.member}")
            return Message.new_method_return(message)
        return False
