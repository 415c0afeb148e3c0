"""What the interface offers, for programs: its commands, its live settings, an OpenAPI description, and metrics."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from indistack import __version__
from indistack.commands import COMMANDS, LIVE, arguments_of, schema
from indistack.commands.messages import meaning_of
from indistack.faces.web import log_view, machine_history, programs, session_files, started, viewers
from indistack.faces.web.answers import told

PATHS: dict[str, tuple[str, str]] = {
    "/api/v1/status": ("application/json", "The state that every page shows, numbered"),
    "/api/v1/subs": ("application/json", "The subs of the session, oldest first; ?after=NUMBER&limit=COUNT"),
    "/api/v1/events": (
        "text/event-stream",
        "Every new state as it comes (event: state), and heartbeats (event: beat)",
    ),
    "/api/v1/pictures/{version}": ("image/jpeg", "A small picture of this night, as the state tells of it"),
    "/api/v1/whole/{version}": ("image/jpeg", "The newest picture at full resolution, as the state tells of it"),
    "/api/v1/tiles/{version}/{column}-{row}.jpg": (
        "image/jpeg",
        "A part of the newest picture at full resolution, from the upper left; the state tells their size",
    ),
    "/api/v1/own-stretch": (
        "image/jpeg",
        "The newest stack, small, to be stretched by who asks: light x of 0 to 1 as asinh(2000 x) / asinh(2000)",
    ),
    "/api/v1/stack.jpg": ("image/jpeg", "The newest picture"),
    "/api/v1/stack.png": ("image/png", "The newest picture"),
    "/api/v1/stack.fits": ("application/fits", "The newest stack, linear"),
    "/api/v1/merged.fits": ("application/fits", "What was merged last, linear"),
    "/api/v1/merged.png": ("image/png", "What was merged last"),
    "/api/v1/settings": (
        "application/json",
        "The settings that change while the agent runs, and what each is told",
    ),
    "/api/v1/commands": ("application/json", "The commands, in words and as a schema"),
    "/api/v1/invitation": ("application/json", "The addresses under which others reach the page"),
    "/api/v1/qr.svg": ("image/svg+xml", "The first of them as a QR code"),
    "/api/v1/metrics": ("text/plain", "Numbers for Prometheus"),
    "/api/v1/openapi.json": ("application/json", "This description"),
}
"""What can be read."""

_PATH_PARTS: dict[str, Any] = {
    "version": {"type": "string"},
    "column": {"type": "integer", "minimum": 0},
    "row": {"type": "integer", "minimum": 0},
}

FAULT = {"type": "object", "properties": {"fault": {"type": "string"}}, "required": ["fault"]}


async def commands(_: Request) -> Response:
    """Tell the commands, for people and for programs."""
    every = [
        {
            "command": word,
            "label": kind.label,
            "meaning": meaning_of(kind),
            "arguments": [dataclasses.asdict(argument) for argument in arguments_of(kind)],
        }
        for word, kind in COMMANDS.items()
    ]
    return told({"commands": every, "schema": schema()})


async def settings(_: Request) -> Response:
    """Tell the settings that change live."""
    every = [{**dataclasses.asdict(setting), "schema": setting.schema()} for setting in LIVE.values()]
    return told({"settings": every})


async def openapi(_: Request) -> Response:
    """Describe the interface."""
    read = PATHS | machine_history.PATHS
    paths: dict[str, Any] = {path: {"get": _read(path, *facts)} for path, facts in read.items()}
    paths["/api/v1/commands"]["post"] = _changed("Carry out a command", schema())
    paths["/api/v1/key"] = {"post": _changed("Tell whether a token is right", {"type": "object"})}
    paths[viewers.ASKED] = {"post": _look_on()}
    paths |= {path: {"get": _of_session(path, *facts)} for path, facts in session_files.PATHS.items()}
    paths |= {path: {"get": _log(*facts)} for path, facts in log_view.PATHS.items()}
    posts = programs.PATHS | started.PATHS
    paths |= {path: {"post": _program(path, *facts)} for path, facts in posts.items()}
    scheme = {"type": "http", "scheme": "bearer", "description": "indistack web DIR --new-token shows one"}
    return told(
        {
            "openapi": "3.1.0",
            "info": {"title": "indistack", "version": __version__, "license": {"name": "GPL-3.0-or-later"}},
            "paths": paths,
            "components": {"securitySchemes": {"token": scheme}, "schemas": {"Fault": FAULT}},
        }
    )


def _read(path: str, media: str, summary: str) -> dict[str, Any]:
    said: dict[str, Any] = {"summary": summary, "responses": _responses(media, 404)}
    names = re.findall(r"\{(\w+)\}", path)
    if names:
        said["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": _PATH_PARTS[name]} for name in names
        ]
    if path.endswith("/subs"):
        whole = {"type": "integer"}
        said["parameters"] = [{"name": name, "in": "query", "schema": whole} for name in ("after", "limit")]
        said["responses"] = _responses(media, 422)
    return said


def _of_session(path: str, media: str, summary: str) -> dict[str, Any]:
    faults = (401, 404, 429) if path.endswith("/raw") else (404,)
    said: dict[str, Any] = {"summary": summary, "responses": _responses(media, *faults), "parameters": _named(path)}
    if path.endswith("{file}"):
        said["responses"]["200"]["content"] = {kind.partition(";")[0]: {} for kind in session_files.FILES.values()}
    return said


def _log(media: str, summary: str) -> dict[str, Any]:
    asked = [{"name": name, "in": "query", "schema": schema} for name, schema in log_view.QUERY.items()]
    return {"summary": summary, "security": [{"token": []}], "responses": _responses(media, 401, 422, 429),
            "parameters": asked}  # fmt: skip


def _program(path: str, summary: str, body: Mapping[str, Any]) -> dict[str, Any]:
    said = _changed(summary, body)
    return {**said, "responses": said["responses"] | _responses("application/json", 404), "parameters": _named(path)}


def _named(path: str) -> list[dict[str, Any]]:
    """Return the parameters of an address of a session."""
    every = session_files.NAMES.items()
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in every
            if f"{{{name}}}" in path]  # fmt: skip


def _changed(summary: str, body: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": body}}
    return {
        "summary": summary,
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": content},
        "responses": _responses("application/json", 401, 403, 409, 413, 415, 422, 429, 503),
    }


def _look_on() -> dict[str, Any]:
    said = _changed("Give the code that is set, for the cookie that lets one look on; 404 where none is", viewers.BODY)
    del said["security"], said["responses"]["200"]
    cookie = {"description": "done: the cookie is set", "headers": {"set-cookie": {"schema": {"type": "string"}}}}
    return {**said, "responses": {"204": cookie, **said["responses"], **_refusals(404)}}


def _responses(media: str, *faults: int) -> dict[str, Any]:
    return {"200": {"description": "done", "content": {media: {}}}, **_refusals(*faults)}


def _refusals(*faults: int) -> dict[str, Any]:
    fault = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    return {str(status): {"description": "refused, and why", "content": fault} for status in faults}


async def metrics(request: Request) -> Response:
    """Tell numbers as Prometheus reads them."""
    hub = request.app.state.hub
    state, last = hub.state, hub.state.get("last") or {}
    numbers = {
        "indistack_up": (state.get("agent") in ("running", "paused"), "Whether an agent is at work"),
        "indistack_subs_stacked": (state.get("n_subs", 0), "Subs in the stack"),
        "indistack_exposure_seconds": (state.get("exposure_s", 0), "Their exposure"),
        "indistack_subs_refused": (state.get("refused", 0), "Subs that were left out"),
        "indistack_subs_waiting": (state.get("waiting", 0), "Subs to be worked on"),
        "indistack_snr_gain": (state.get("stack", {}).get("snr_gain"), "Signal to noise, first sub = 1"),
        "indistack_fwhm_pixels": (last.get("fwhm_px"), "Of the newest sub's stars"),
        "indistack_stars": (last.get("stars"), "Of the newest sub"),
        "indistack_page_readers": (hub.readers, "Pages that listen"),
    }
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {float(value):.12g}\n"
        for name, (value, text) in numbers.items()
        if value is not None
    ]
    return Response("".join(lines), headers={"cache-control": "no-store"}, media_type="text/plain; version=0.0.4")
