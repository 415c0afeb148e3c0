"""What the observer starts from the console and ends again there: a simulated camera, an agent that goes on."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.commands.client import has_agent
from indistack.faces.web.answers import fault, read_body, told
from indistack.faces.web.control import locked
from indistack.faces.web.session_files import folder_of
from indistack.system import child_process
from indistack.system.harmless import harmless

SIMULATOR, AGENT = "simulator", "agent"
FULL_MEMORY = ["sh", "-c", 'ulimit -S -d "$(ulimit -H -d)"; exec "$@"', "sh"]
"""Begins a command without the page's own limit."""

PATIENCE_S, POLL_S, END_S = 20.0, 0.1, 60.0
LOCAL = ("127.0.0.1", "localhost", "::1")

PATHS = {
    "/api/v1/simulator": (
        "Start a simulated camera, with an agent where none is at work; or end it",
        {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
    ),
    "/api/v1/sessions/{session}/continue": (
        "Start an agent that goes on with a session, where none is at work",
        {"type": "object"},
    ),
    "/api/v1/agent/end": ("End the agent that was started here", {"type": "object"}),
}
"""What can be started, for the description."""


class Started:
    """What was started and has not ended yet: one program of each kind.

    Parameters
    ----------
    folder : Path
        The output folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def kinds(self) -> list[str]:
        """Return what is running."""
        return [kind for kind, process in self._processes.items() if process.poll() is None]

    def start(self, kind: str, words: Sequence[str], port: int = 0) -> str:
        """Start a command of ours; return why it has ended, "" where a port answers or, without one, an agent works."""
        log = self._folder / f"started-{kind}.log"
        try:
            with log.open("wb") as said:
                process = self._processes[kind] = child_process.start(
                    [*FULL_MEMORY, sys.executable, "-m", "indistack", *words], stdout=said, stderr=said,
                    environment=child_process.with_package(os.environ),
                )  # fmt: skip
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s and process.poll() is None:
            if answers(port) if port else has_agent(self._folder):
                break
            time.sleep(POLL_S)
        return "" if process.poll() is None else f"it has ended: {_last_words(log)}"

    def end(self, kind: str) -> None:
        """End one in good order."""
        if kind in self._processes:
            child_process.end(self._processes.pop(kind), END_S)


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return harmless(lines[-1][:300]) if lines else "it has said nothing"


def answers(port: int) -> bool:
    """Tell whether something listens at a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


async def _simulator(request: Request) -> Response:
    """Start or end the simulated camera."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    wanted = (await read_body(request)).get("on")
    if not isinstance(wanted, bool):
        return fault(422, '{"on": true} or {"on": false} is expected')
    async with request.app.state.at_a_program:
        return await (_start_camera(request) if wanted else _end(request, SIMULATOR))


async def _end_agent(request: Request) -> Response:
    """End the agent that was started here."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    async with request.app.state.at_a_program:
        return await _end(request, AGENT)


async def _end(request: Request, kind: str) -> Response:
    started: Started = request.app.state.started
    if kind not in started.kinds():
        return fault(409, f"no {kind} that was started here is at work")
    await asyncio.to_thread(started.end, kind)
    return told({"said": f"the {kind} has ended"})


async def _start_camera(request: Request) -> Response:
    """Start a camera for the agent that waits for one; both, where no agent is at work."""
    hub = request.app.state.hub
    folder: Path = hub.folder.folder
    if not has_agent(folder):
        words = ["demo", "--subs", "0", "--output-dir", str(folder), "--listen", "off"]
        return await _start(request, SIMULATOR, words)
    waits = [source for source in hub.state.get("sources", ()) if source["server"] and not source["connected"]]
    places = [urlsplit(f"//{source['server']}") for source in waits]
    port = next((place.port for place in places if place.port and place.hostname in LOCAL), 0)
    if not port or await asyncio.to_thread(answers, port):
        return fault(409, "the agent waits for no camera of this machine")
    return await _start(request, SIMULATOR, ["demo", "--camera", str(port)], port)


async def _go_on(request: Request) -> Response:
    """Start an agent that goes on with a session."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    output: Path = request.app.state.hub.folder.folder
    folder = folder_of(output, request.path_params["session"])
    if folder is None:
        return fault(404, "there is no such session")
    words = ["run", "--continue", folder.name, "--output-dir", str(output), "--listen", "off"]
    async with request.app.state.at_a_program:
        if has_agent(output):
            return fault(409, "an agent is at work already")
        return await _start(request, AGENT, words)


async def _start(request: Request, kind: str, words: Sequence[str], port: int = 0) -> Response:
    started: Started = request.app.state.started
    if kind in started.kinds():
        return fault(409, f"the {kind} that was started here is at work")
    why = await asyncio.to_thread(started.start, kind, words, port)
    return fault(409, why) if why else told({"said": f"the {kind} is at work"})


ROUTES = [
    Route("/api/v1/simulator", _simulator, methods=["POST"]),
    Route("/api/v1/agent/end", _end_agent, methods=["POST"]),
    Route("/api/v1/sessions/{session}/continue", _go_on, methods=["POST"]),
]
