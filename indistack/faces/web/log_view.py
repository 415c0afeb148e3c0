"""The last lines of the agent's log, for those who have the token: it names devices, files and people."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.faces.web.answers import fault, told
from indistack.faces.web.control import locked
from indistack.faces.web.plain import table, text
from indistack.system.harmless import harmless
from indistack.system.log import LEVELS
from indistack.system.night_log import LOG, OLDER_LOG

MOST_LINES = 500
TAIL_BYTES = 400_000
MOST_LETTERS = 600

PATHS: dict[str, tuple[str, str]] = {
    "/api/v1/log": ("application/json", "The newest lines of the agent's log, oldest first; needs the token"),
}
"""What can be read, for the description."""

QUERY: dict[str, dict[str, Any]] = {
    "level": {"enum": list(LEVELS)},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_LINES},
}
"""What may be asked."""


def lines_of(folder: Path, level: str, limit: int) -> list[dict[str, str]]:
    """Return the newest records of a level or above, oldest first: ``time``, ``level``, ``text``."""
    wanted = (*LEVELS[LEVELS.index(level) :], "critical")
    found: list[dict[str, str]] = []
    for name in (LOG, OLDER_LOG):
        records = (_record(line) for line in reversed(_tail(folder / name)))
        found += [record for record in records if record["level"] in wanted]
        if len(found) >= limit:
            break
    return found[:limit][::-1]


def _tail(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read(TAIL_BYTES).splitlines()
    except OSError:
        return []
    return lines if size <= TAIL_BYTES else lines[1:]


def _record(line: bytes) -> dict[str, str]:
    try:
        told = table(json.loads(line))
    except (ValueError, RecursionError):
        told = {}
    said = told.get("text")
    words = harmless(said[:MOST_LETTERS]) if isinstance(said, str) else ""
    return {"time": text(told.get("time")), "level": text(told.get("level")), "text": words}


async def _log(request: Request) -> Response:
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    level, limit = request.query_params.get("level", "info"), request.query_params.get("limit", "100")
    if level not in LEVELS or not limit.isascii() or not limit.isdecimal() or not 0 < int(limit[:9]) <= MOST_LINES:
        return fault(422, f"level is one of {', '.join(LEVELS)}, limit a number up to {MOST_LINES}")
    folder: Path = request.app.state.hub.folder.folder
    return told({"lines": await asyncio.to_thread(lines_of, folder, level, int(limit))})


ROUTES = [Route("/api/v1/log", _log)]
