"""Programs of this package that the observer starts from the console, each in a process of its own that ends by itself.

They load what a page does without, and are nobody's business but those who have the token.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.faces.web.answers import fault, told
from indistack.faces.web.control import locked
from indistack.faces.web.session_files import folder_of
from indistack.system import child_process
from indistack.system.harmless import harmless_lines

LONGEST_S = 120.0
MOST_LETTERS = 20_000
NICE = 15
"""The stack comes first, and the page."""

PATHS = {
    "/api/v1/doctor": "Examine whether this machine is ready for a night",
    "/api/v1/sessions/{session}/report": "Write a session's report, with what it tells of mount and sky",
}
"""What can be started, for the description."""


def run(words: Sequence[str]) -> tuple[bool, str]:
    """Run a command of ours to its end; tell whether it went well, and what it said.

    Parameters
    ----------
    words : sequence of str
        The command and what it is told.
    """
    command = ["nice", "-n", str(NICE), sys.executable, "-m", "indistack", *words]
    try:
        process = child_process.start(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            environment=child_process.with_package({**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}),
        )  # fmt: skip
    except OSError as error:
        return False, f"it cannot be started: {error.strerror}"
    try:
        said, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        child_process.end(process)
        return False, f"it has taken more than {LONGEST_S:.0f} s"
    return process.returncode == 0, harmless_lines(said.decode(errors="replace"))[:MOST_LETTERS]


async def _answer(request: Request, words: Sequence[str]) -> Response:
    at_work: asyncio.Lock = request.app.state.at_a_program
    if at_work.locked():
        return fault(503, "another one is at work", **{"retry-after": "5"})
    async with at_work:
        went_well, said = await asyncio.to_thread(run, words)
    return told({"well": went_well, "said": said})


async def _doctor(request: Request) -> Response:
    """Examine the machine."""
    folder: Path = request.app.state.hub.folder.folder
    return await locked(request) or await _answer(request, ["doctor", "--output-dir", str(folder)])


async def _report(request: Request) -> Response:
    """Write a session's report anew."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    folder = folder_of(request.app.state.hub.folder.folder, request.path_params["session"])
    if folder is None:
        return fault(404, "there is no such session")
    return await _answer(request, ["report", str(folder)])


ROUTES = [
    Route("/api/v1/doctor", _doctor, methods=["POST"]),
    Route("/api/v1/sessions/{session}/report", _report, methods=["POST"]),
]
