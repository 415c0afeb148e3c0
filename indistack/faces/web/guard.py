"""The door: what no request may be, before any of it is looked at, and what every answer carries."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64_000
METHODS = ("GET", "HEAD", "POST")
ANSWER_S = 300.0
"""So long one answer may take, but for a stream of events: a reader who is slower is cut off."""
STALLED_S = 30.0
"""So long a reader of events may take nothing."""

EVENTS = "/api/v1/events"

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Refuses requests for other hosts, from other pages, too large or too slow; adds the headers of safety.

    A name that is not ours in ``Host`` is how a page elsewhere reads this one by a name of its own (DNS rebinding).

    Parameters
    ----------
    app : ASGI application
        What is behind the door.
    names : iterable of str
        Further names of this machine.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {name.lower().rstrip(".") for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        guarded = _Sender(send, STALLED_S)
        status, fault = self._fault(scope)
        if fault:
            await JSONResponse({"fault": fault}, status)(scope, receive, guarded)
            return
        try:
            async with asyncio.timeout(None if scope["path"] == EVENTS else ANSWER_S):
                await self._app(scope, _Receiver(receive), guarded)
        except TooLargeError:
            await JSONResponse({"fault": "the request is too large"}, 413)(scope, receive, guarded)
        except TimeoutError:
            return  # the connection is closed, as the answer is not whole

    def _fault(self, scope: Scope) -> tuple[int, str]:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if scope["method"] not in METHODS:
            return 405, "no such method"
        if not self.knows(host):
            return 421, "this machine is not known by that name; the setting web.names adds names"
        origin = headers.get("origin")
        if origin is not None and urlsplit_host(origin) != host.lower():
            return 403, "a page of another address may not do that"
        if scope["method"] == "POST":
            if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                return 415, "JSON is expected"
            length = headers.get("content-length", "0")
            if not length.isascii() or not length.isdecimal() or int(length[:10]) > MAX_BODY_BYTES:
                return 413, "the request is too large"
        return 0, ""

    def knows(self, host: str) -> bool:
        """Tell whether a ``Host`` header names this machine: by number, localhost, NAME.local or a configured name."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
        except ValueError:
            return False
        if name == "localhost" or name in self._names:
            return True
        if name.endswith(".local") and name.count(".") == 1 and len(name) > len(".local"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class TooLargeError(Exception):
    """More was sent than a request may hold."""


class _Receiver:
    """Counts what is sent where its length was not said."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._n_bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > MAX_BODY_BYTES:
            raise TooLargeError
        return message


class _Sender:
    """Adds the headers, and gives a reader up who takes nothing for long."""

    def __init__(self, send: Send, stalled_s: float) -> None:
        self._send = send
        self._stalled_s = stalled_s

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        async with asyncio.timeout(self._stalled_s):
            await self._send(message)


def urlsplit_host(origin: str) -> str:
    """Return the host and port of an ``Origin`` header, "" where it names none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
