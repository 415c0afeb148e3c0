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
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from indistack.faces.web.answers import fault, file_answer, read_body, told
from indistack.faces.web.control import locked
from indistack.faces.web.session_files import folder_of
from indistack.system import child_process
from indistack.system.harmless import harmless_lines

LONGEST_S = 120.0
MOST_LETTERS = 20_000
NICE = 15
"""The stack comes first, and the page."""

MOST_MERGED = 20
"""Sessions."""

MERGED = {".fits": "application/fits", ".png": "image/png"}
"""What a merge makes, in the output folder."""

PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/v1/doctor": ("Examine whether this machine is ready for a night", {"type": "object"}),
    "/api/v1/sessions/{session}/report": (
        "Write a session's report, with what it tells of mount and sky",
        {"type": "object"},
    ),
    "/api/v1/merge": (
        "Merge the stacks of sessions into merged.fits and merged.png",
        {
            "type": "object",
            "properties": {
                "sessions": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": MOST_MERGED}
            },
            "required": ["sessions"],
        },
    ),
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
    return await locked(request) or await _answer(request, ["doctor", "--output-dir", str(_output(request))])


async def _report(request: Request) -> Response:
    """Write a session's report anew."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    folder = folder_of(_output(request), request.path_params["session"])
    if folder is None:
        return fault(404, "there is no such session")
    return await _answer(request, ["report", str(folder)])


async def _merge(request: Request) -> Response:
    """Merge the stacks of sessions."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    names, output = (await read_body(request)).get("sessions"), _output(request)
    if not isinstance(names, list) or not 2 <= len(names) <= MOST_MERGED:
        return fault(422, f"the names of 2 to {MOST_MERGED} sessions are expected")
    folders = [folder_of(output, name) if isinstance(name, str) else None for name in names]
    found = [str(folder) for folder in folders if folder is not None]
    if len(found) < len(names):
        return fault(404, "there is no such session")
    results = [f"--{'output' if suffix == '.fits' else 'png'}={output / f'merged{suffix}'}" for suffix in MERGED]
    return await _answer(request, ["merge", *found, *results])


async def _merged(request: Request) -> Response:
    """Send what a merge has made; the name is one of two, and never one out of the request."""
    suffix = next(suffix for suffix in MERGED if request.url.path.endswith(suffix))
    return file_answer(request, _output(request) / f"merged{suffix}", MERGED[suffix], f"merged{suffix}")


def _output(request: Request) -> Path:
    folder: Path = request.app.state.hub.folder.folder
    return folder


ROUTES = [
    Route("/api/v1/merge", _merge, methods=["POST"]),
    *(Route(f"/api/v1/merged{suffix}", _merged) for suffix in MERGED),
    Route("/api/v1/doctor", _doctor, methods=["POST"]),
    Route("/api/v1/sessions/{session}/report", _report, methods=["POST"]),
]
