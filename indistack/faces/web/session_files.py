"""Files of sessions that a page shows or saves: the names in a request are compared with what may be, never opened."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.faces.web.answers import ASK, FOR_EVER, fault, file_answer, told
from indistack.faces.web.control import locked
from indistack.faces.web.ledger_tail import LEDGER, SESSION_NAME, STACKED
from indistack.faces.web.plain import number, text
from indistack.store.last_status import SESSIONS
from indistack.store.sub_files import PREVIEWS, SUBS, preview_name, sub_name

MOST_SESSIONS = 60
"""Newest ones that are told of."""

TAIL_BYTES = 64_000
"""Of a ledger, in which its last stacked sub is looked for."""

FILES: Mapping[str, str] = {
    "stack.jpg": "image/jpeg",
    "stack.png": "image/png",
    "stack.fits": "application/fits",
    "report.html": "text/html; charset=utf-8",
    "report.json": "application/json",
    "ledger.jsonl": "application/x-ndjson",
}
"""What may be had of a session, and its type."""

OF_OUR_OWN = {"content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""A report is a page with styles in it, and no scripts."""

LARGE = (".fits", ".png", ".jsonl")
"""Suffixes of files that are saved, not shown."""

PATHS: dict[str, tuple[str, str]] = {
    "/api/v1/sessions": ("application/json", "The newest sessions, and which files each has"),
    "/api/v1/sessions/{session}/files/{file}": ("application/octet-stream", f"One of {', '.join(FILES)}"),
    "/api/v1/sessions/{session}/subs/{sub}/preview": ("image/jpeg", "A sub as the camera took it, small"),
    "/api/v1/sessions/{session}/subs/{sub}/raw": ("application/octet-stream", "A raw sub; needs the token"),
}
"""What can be read, for the description."""

NAMES: dict[str, dict[str, Any]] = {
    "session": {"type": "string"},
    "file": {"enum": list(FILES)},
    "sub": {"type": "integer", "minimum": 0},
}
"""What stands in their addresses."""


def folder_of(output: Path, name: str) -> Path | None:
    """Return the folder of a session; None for what cannot be one's name, or is not there."""
    folder = output / SESSIONS / name
    return folder if SESSION_NAME.fullmatch(name) and folder.is_dir() and not folder.is_symlink() else None


def sessions_of(output: Path) -> list[dict[str, Any]]:
    """Return what is told of the newest sessions, newest first."""
    try:
        names = sorted((path.name for path in (output / SESSIONS).iterdir()), reverse=True)
    except OSError:
        return []
    folders = (folder_of(output, name) for name in names)
    found = [folder for folder in folders if folder is not None][:MOST_SESSIONS]
    return [_told(folder) for folder in found]


def _told(folder: Path) -> dict[str, Any]:
    files = {name: path.stat().st_size for name in FILES if (path := folder / name).is_file()}
    ledger = folder / LEDGER
    stamp = ledger.stat().st_mtime_ns if ledger.is_file() else 0
    return {"name": folder.name, "files": files, **_newest_line(ledger, stamp)}


@lru_cache(maxsize=2 * MOST_SESSIONS)
def _newest_line(ledger: Path, _: int) -> dict[str, Any]:
    """Return what the last line of a stacked sub tells of the stack; again where the file has changed."""
    try:
        with ledger.open("rb") as file:
            file.seek(-min(TAIL_BYTES, ledger.stat().st_size), 2)
            lines = file.read(TAIL_BYTES).splitlines()
    except OSError:
        lines = []
    for words in reversed(lines):
        try:
            line = json.loads(words)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and line.get("outcome") in STACKED:
            told = {"target": text(line.get("target")), "ended": text(line.get("time"))}
            return {**told, "n_subs": int(number(line.get("n_subs"))), "snr_gain": number(line.get("snr_gain"))}
    return {"target": "", "ended": "", "n_subs": 0, "snr_gain": 0}


async def _sessions(request: Request) -> Response:
    return told({"sessions": await asyncio.to_thread(sessions_of, request.app.state.hub.folder.folder)})


async def _file(request: Request) -> Response:
    folder = _folder(request)
    name = next((name for name in FILES if name == request.path_params["file"]), None)
    if folder is None or name is None:
        return fault(404, "there is nothing here")
    saved = f"{folder.name}-{name}" if name.endswith(LARGE) or "save" in request.query_params else ""
    answer = file_answer(request, folder / name, FILES[name], saved, ASK)
    answer.headers.update(OF_OUR_OWN)
    return answer


async def _preview(request: Request) -> Response:
    folder = _folder(request)
    if folder is None:
        return fault(404, "there is no such session")
    path = folder / PREVIEWS / preview_name(request.path_params["sub"])
    return file_answer(request, path, "image/jpeg", keep=FOR_EVER)


async def _raw(request: Request) -> Response:
    """Send a raw sub to those who have the token: it is large, and the camera's own."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    folder = _folder(request)
    name = sub_name(request.path_params["sub"])
    found = sorted((folder / SUBS).glob(f"{name}.*")) if folder is not None else []
    path = next((path for path in found if path.suffix != ".json"), None)
    if path is None:
        return fault(404, "its bytes are not kept here")
    return file_answer(request, path, "application/octet-stream", path.name)


def _folder(request: Request) -> Path | None:
    return folder_of(request.app.state.hub.folder.folder, request.path_params["session"])


ROUTES = [
    Route("/api/v1/sessions", _sessions),
    Route("/api/v1/sessions/{session}/files/{file}", _file),
    Route("/api/v1/sessions/{session}/subs/{sub:int}/preview", _preview),
    Route("/api/v1/sessions/{session}/subs/{sub:int}/raw", _raw),
]
