"""The stream of states: every page gets the newest one that it can take, and a heartbeat between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from indistack.faces.web.answers import fault
from indistack.faces.web.hub import Hub

BEAT_S = 8.0
MOST_READERS = 300
AGAIN_MS = 3000
"""After which a browser opens the stream again."""


def stamped(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with the time that it is here, as the reader's clock may be another."""
    return {**state, "now": datetime.now(UTC).isoformat(timespec="milliseconds")}


async def states(hub: Hub) -> AsyncIterator[bytes]:
    """Yield events; a reader who is slow gets fewer of them."""
    hub.readers += 1
    try:
        yield f"retry: {AGAIN_MS}\n\n".encode()
        number = -1
        while True:
            state = await hub.later_than(number, BEAT_S)
            if state is None:
                yield b"event: beat\ndata: {}\n\n"
                continue
            number = state["number"]
            text = json.dumps(stamped(state), separators=(",", ":"), allow_nan=False)
            yield f"event: state\nid: {number}\ndata: {text}\n\n".encode()
    finally:
        hub.readers -= 1


async def answer(request: Request) -> Response:
    """Open a stream."""
    hub: Hub = request.app.state.hub
    if hub.readers >= MOST_READERS:
        return fault(503, "too many pages are open", **{"retry-after": "30"})
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(states(hub), headers=headers, media_type="text/event-stream")
