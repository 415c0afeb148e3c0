"""The web process: serves a socket until it is ended, with bounds on connections, time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import time
import weakref
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from indistack.faces.web.app import make_app
from indistack.faces.web.door import Door
from indistack.store.folder_lock import is_at_work

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 400
MOST_HEADER_BYTES = 16_000
SILENT_S = 10.0
"""A connection that has asked for nothing by then is closed."""
KEEP_ALIVE_S = 15
END_S = 1
DATA_LIMIT_BYTES = 1_000_000_000
NICE = 5
"""The stack comes first."""

ORPHAN_S, ORPHAN_LOOK_S = 300.0, 2.0
"""So long a page outlives the agent that started it and has died."""


def impatient(**facts: Any) -> H11Protocol:
    """Return what speaks HTTP on a new connection, and closes it where nothing is asked."""
    protocol = H11Protocol(**facts)
    asyncio.get_running_loop().call_later(SILENT_S, _give_up, weakref.ref(protocol))
    return protocol


def _give_up(known: weakref.ref[H11Protocol]) -> None:
    protocol = known()
    if protocol is not None and protocol.cycle is None and protocol.transport is not None:
        protocol.transport.close()


def serve(folder: Path, bound: socket.socket, door: Door, parent: int = 0) -> None:
    """Serve the page of an output folder until the process is told to end.

    Parameters
    ----------
    folder : Path
        The output folder.
    bound : socket
        Listens.
    door : Door
        Its names, its code, and whether it is encrypted.
    parent : int
        Process of the agent that started it; the page ends some time after both have gone. 0: nobody's.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    bound_to, port = bound.getsockname()[:2]
    _restrict()
    config = uvicorn.Config(
        make_app(folder, (bound_to, port), door),
        http=cast("type[asyncio.Protocol]", impatient),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
        ssl_certfile=door.certificate or None,
        ssl_keyfile=door.key or None,
    )
    asyncio.run(_serve(uvicorn.Server(config), folder, bound, parent))


async def _serve(server: uvicorn.Server, folder: Path, bound: socket.socket, parent: int) -> None:
    vars(server)["capture_signals"] = contextlib.nullcontext  # it would raise them again: to be told to end is no fault
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, _end, server)
    if not parent:
        await server.serve([bound])
        return
    watch = asyncio.create_task(_end_when_alone(server, folder, parent))
    await server.serve([bound])
    watch.cancel()


def _end(server: uvicorn.Server) -> None:
    """Let the server end in good order; at once where it is told so again."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # who still listens is cut off, which is no fault
    server.force_exit = server.should_exit
    server.should_exit = True


async def _end_when_alone(server: uvicorn.Server, folder: Path, parent: int) -> None:
    """End the server when the folder is gone, or its agent has been for long and none has come in its place."""
    needed_s = time.monotonic()
    while time.monotonic() - needed_s < ORPHAN_S and folder.is_dir():
        if os.getppid() == parent or is_at_work(folder):
            needed_s = time.monotonic()
        await asyncio.sleep(ORPHAN_LOOK_S)
    server.should_exit = True


def _restrict() -> None:
    """Give up what a page does not need: much memory, core files that hold what was sent, a place before the stack."""
    with contextlib.suppress(OSError, ValueError):
        os.nice(NICE)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)  # what is started from the page has a right to it
        resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT_BYTES, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
