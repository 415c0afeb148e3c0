"""The door of the page: what is refused before anything looks at it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from indistack.faces.web.guard import HEADERS, MAX_BODY_BYTES, Guard


async def _reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"there"})


def ask(method: str = "GET", host: str = "127.0.0.1:7680", body: list[bytes] | None = None, **headers: str) -> Any:
    """Return status and headers of the answer."""
    parts = list(body or [b""])
    sent: list[Message] = []

    async def receive() -> Message:
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "method": method, "path": "/api/v1/commands", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip
    asyncio.run(Guard(_reads_all, ["telescope.example"])(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:7680", "192.168.1.7", "[::1]:80", "localhost:7680", "raspberrypi.local:7680", "Telescope.example",
     "LOCALHOST"],
)  # fmt: skip
def test_names_of_this_machine_are_known(host: str) -> None:
    assert ask(host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "", "127.0.0.1.evil.example", "a.b.local", ".local", "localhost.evil.example", "[::1",
     "telescope.example.org"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    assert ask(host=host)[0] == 421


def test_every_answer_has_the_headers_of_safety_also_a_refusal() -> None:
    for host in ("127.0.0.1", "evil.example"):
        headers = ask(host=host)[1]
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]


JSON = {"content_type": "application/json"}


def test_what_changes_something_comes_from_this_page_and_is_json() -> None:
    assert ask("POST", **JSON)[0] == 200
    assert ask("POST", origin="http://127.0.0.1:7680", **JSON)[0] == 200
    assert ask("POST", origin="http://evil.example", **JSON)[0] == 403
    assert ask("POST", origin="http://127.0.0.1:7681", **JSON)[0] == 403
    assert ask("POST", origin="null", **JSON)[0] == 403
    assert ask("POST", content_type="text/plain")[0] == 415
    assert ask("POST")[0] == 415
    assert ask("PUT", **JSON)[0] == 405


def test_too_much_is_refused_whether_its_length_is_said_or_not() -> None:
    assert ask("POST", content_length=str(MAX_BODY_BYTES + 1), **JSON)[0] == 413
    assert ask("POST", content_length="9" * 5000, **JSON)[0] == 413
    assert ask("POST", content_length="-1", **JSON)[0] == 413
    assert ask("POST", body=[b"x" * 1000] * (MAX_BODY_BYTES // 1000 + 1), **JSON)[0] == 413
    assert ask("POST", body=[b"x" * 1000] * (MAX_BODY_BYTES // 1000), **JSON)[0] == 200


def test_a_reader_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.faces.web.guard.STALLED_S", 0.05)
    ended: list[str] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"more", "more_body": True})
        finally:
            ended.append("closed")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/api/v1/events", "headers": [(b"host", b"localhost")]}
    asyncio.run(asyncio.wait_for(Guard(endless)(scope, receive, send), 20))
    assert ended == ["closed"]
