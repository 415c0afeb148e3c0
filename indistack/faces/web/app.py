"""Every address of the page and of its interface, on one screen."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from indistack.faces.web import (
    control,
    description,
    events,
    invitation,
    log_view,
    machine_history,
    mqtt,
    programs,
    session_files,
    started,
)
from indistack.faces.web.answers import fault, file_answer, picture_answer, told
from indistack.faces.web.door import Door
from indistack.faces.web.guard import Guard
from indistack.faces.web.hub import Hub
from indistack.faces.web.output_folder import MEDIA, OutputFolder
from indistack.faces.web.static_files import read_static
from indistack.faces.web.token_file import Keys
from indistack.faces.web.viewers import Viewers
from indistack.store.wanted import OWN_STRETCH, want

log = logging.getLogger(__name__)

TILE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})\.jpg")
"""Column and row."""

MOST_SUBS = 500
"""In one answer."""


def make_app(folder: Path, bound: tuple[str, int], door: Door) -> ASGIApp:
    """Return the application.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    bound : tuple of str and int
        Address and port that it is served at.
    door : Door
        Its names, its code, and whether it is encrypted.
    """
    app = Starlette(routes=ROUTES, exception_handlers={HTTPException: _refused, 500: _failed}, lifespan=_lifespan)
    app.state.started = started.Started(folder)
    app.state.hub = Hub(OutputFolder(folder), app.state.started.kinds)
    app.state.keys = Keys(folder)
    app.state.bound = bound
    app.state.door = door
    app.state.files = read_static()
    app.state.at_work = 0
    app.state.at_the_lock = asyncio.Lock()
    app.state.at_a_program = asyncio.Lock()
    if not door.code:
        return Guard(app, door.names)
    form = app.state.files["code.html"]
    return Guard(Viewers(app, door.code, (door.scheme, bound[1]), form), door.names)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    await asyncio.to_thread(app.state.hub.look)
    looking = asyncio.create_task(app.state.hub.keep_looking())
    address = app.state.door.mqtt
    telling = asyncio.create_task(mqtt.keep_telling(app.state.hub, address)) if address else None
    yield
    looking.cancel()
    if telling is not None:
        telling.cancel()
    app.state.started.end(started.SIMULATOR)  # an agent goes on without a page


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return fault(status, "there is nothing here" if status == 404 else "not so")


async def _failed(_: Request, __: Exception) -> Response:
    return fault(500, "a bug in indistack")


async def _page(request: Request) -> Response:
    name = "console.html" if request.url.path == "/console" else "index.html"
    return _kept(request, name)


async def _static(request: Request) -> Response:
    return _kept(request, request.path_params["name"])


def _kept(request: Request, name: str) -> Response:
    kept = request.app.state.files.get(name)
    return kept.answer(request) if kept is not None else fault(404, "there is nothing here")


async def _status(request: Request) -> Response:
    return told(events.stamped(request.app.state.hub.state))


async def _subs(request: Request) -> Response:
    """Tell the newest subs, or those after a number."""
    try:
        after = int(request.query_params.get("after", "0"))
        limit = min(max(int(request.query_params.get("limit", str(MOST_SUBS))), 1), MOST_SUBS)
    except ValueError:
        return fault(422, "after and limit are whole numbers")
    subs = [sub for sub in request.app.state.hub.ledger.subs if sub["number"] > after]
    return told({"subs": subs[-limit:]})


async def _picture(request: Request) -> Response:
    picture = request.app.state.hub.picture(request.path_params["version"])
    if picture is None:
        return fault(404, "that picture is not kept any more")
    return picture_answer(request, picture.version, picture.data, picture.media)


async def _whole(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    stamp = hub.whole(request.path_params["version"])
    if stamp is None:
        return fault(404, "there is a newer picture")
    return file_answer(request, hub.folder.folder / stamp.name, MEDIA[Path(stamp.name).suffix])


async def _own_stretch(request: Request) -> Response:
    """Send the companded picture as it is now, and have it made for as long as somebody asks."""
    folder: Path = request.app.state.hub.folder.folder
    await asyncio.to_thread(want, folder, OWN_STRETCH)
    return file_answer(request, folder / OWN_STRETCH, MEDIA[".jpg"])


async def _tile(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    version, place = request.path_params["version"], TILE.fullmatch(request.path_params["place"])
    data = await asyncio.to_thread(hub.tiles.tile, version, int(place[1]), int(place[2])) if place else b""
    if place is None or not data:
        return fault(404, "there is no such tile, or a newer picture")
    return picture_answer(request, f"{version}-{place[1]}-{place[2]}", data, MEDIA[".jpg"])


async def _newest(request: Request) -> Response:
    """Send one of the published files; the name is one of three, and never one out of the request."""
    suffix = next(suffix for suffix in MEDIA if request.url.path.endswith(suffix))
    name = f"stack{suffix}"
    saved = name if "save" in request.query_params or suffix == ".fits" else ""
    return file_answer(request, request.app.state.hub.folder.folder / name, MEDIA[suffix], saved)


ROUTES = [
    Route("/", _page),
    Route("/console", _page),
    Route("/static/{name:path}", _static),
    Route("/api/v1/status", _status),
    Route("/api/v1/subs", _subs),
    Route("/api/v1/events", events.answer),
    Route("/api/v1/pictures/{version}", _picture),
    Route("/api/v1/whole/{version}", _whole),
    Route("/api/v1/tiles/{version}/{place}", _tile),
    Route("/api/v1/own-stretch", _own_stretch),
    Route("/api/v1/stack.jpg", _newest),
    Route("/api/v1/stack.png", _newest),
    Route("/api/v1/stack.fits", _newest),
    Route("/api/v1/invitation", invitation.invitation),
    Route("/api/v1/qr.svg", invitation.qr_code),
    Route("/api/v1/key", control.check_key, methods=["POST"]),
    Route("/api/v1/commands", control.command, methods=["POST"]),
    Route("/api/v1/commands", description.commands),
    Route("/api/v1/settings", description.settings),
    Route("/api/v1/openapi.json", description.openapi),
    Route("/api/v1/metrics", description.metrics),
    *session_files.ROUTES,
    *programs.ROUTES,
    *started.ROUTES,
    *log_view.ROUTES,
    *machine_history.ROUTES,
]
