"""The agent's end of the INDI process: starts it, reads it at once, always, and starts the next one when it ends."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import TracebackType

from indistack.indi import library
from indistack.indi.census import CameraChoice
from indistack.indi.events import Event, FrameBlob, PathSaved, ServerState, event_of
from indistack.indi.heart import FRAME_LOST
from indistack.system import array_pipe, child_process

log = logging.getLogger(__name__)

WORKER = (sys.executable, "-P", "-m", "indistack.indi.worker")

QUIET_S = 20.0
"""A process that has said nothing for this long hangs: it tells of itself every 5 s."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = {"ended": 1.0, "crashed": 5.0}
"""Pauses between processes that end soon after their start; a server that comes back is met within the first."""

LOST_FRAMES = 2
REMEDY = (
    "no frame comes through the INDI server: it drops who is more than 128 MiB behind, which a frame of 96 MB is at"
    " once; start it as indiserver -m 1024, or set the camera's upload mode to Both"
)
"""What is said after so many."""

LONG_LIFE_S = 10.0

END_S = 2.0
"""Longest time in which a process ends whose link is gone."""


class IndiClient:
    """What comes from one INDI server, for as long as it is wanted.

    Parameters
    ----------
    host, port : str, int
        The server.
    device : str
        The camera; "" for the only one there.
    frames : bool
        Whether to receive its frames; False for a look at what is there.
    shared : bool
        Whether frames may come as memory where the server is on this machine; by TCP otherwise.
    worker : tuple of str
        The command of the INDI process; tests put another in its place.

    Raises
    ------
    SourceError
        The native client library is missing.
    """

    def __init__(
        self,
        host: str,
        port: int,
        device: str = "",
        *,
        frames: bool = True,
        shared: bool = True,
        worker: tuple[str, ...] = WORKER,
    ) -> None:
        library.require()
        self.address = f"{host}:{port}"
        self.pid = 0
        self._task = {
            "host": host, "port": port, "device": device, "proven": "", "frames": frames, "shared": shared,
        }  # fmt: skip
        self._worker = worker
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._link: socket.socket | None = None
        self._told: tuple[bool, str] | None = None
        self._lost_frames = 0
        self._camera = ""
        self._delivered: set[str] = set()
        self._thread = threading.Thread(target=self._supervise, name="indi", daemon=True)
        self._thread.start()

    def get(self, timeout_s: float) -> Event | None:
        """Return the next event, or None when there is none within the time."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the process; events not yet taken stay."""
        self._closing.set()
        if (link := self._link) is not None:
            _shut(link)
        self._thread.join(5)

    def __enter__(self) -> IndiClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _supervise(self) -> None:
        """Run one process after the other."""
        pause = 0.0
        while not self._closing.wait(pause):
            began = time.monotonic()
            crashed = not self._try_process()
            if time.monotonic() - began > LONG_LIFE_S:
                pause = 0.0
            else:
                pause = min(max(pause * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S["crashed" if crashed else "ended"])

    def _try_process(self) -> bool:
        """Run one process; return whether it ended as it should."""
        try:
            status = self._run_process()
        except (OSError, RuntimeError, MemoryError) as error:  # no memory for it, or for a thread
            self._tell(ServerState(False, f"the INDI process cannot be run: {error}"))
            return False
        except Exception:
            log.exception("the INDI process could not be run")
            return False
        if status != 0 and not self._closing.is_set():
            log.warning("the INDI process died (%s), starting another", child_process.cause_of(status))
            self._told = (False, "the INDI process died")
            self._events.put(ServerState(*self._told))
        return status == 0

    def _run_process(self) -> int:
        """Start a process, read it until it ends, return its exit status."""
        ours, theirs = array_pipe.pair()
        with ours:
            with theirs:
                process = self._start(theirs)
            self.pid, self._link = process.pid, ours
            if self._closing.is_set():
                _shut(ours)
            try:
                self._read(ours)
            except TimeoutError:
                log.warning("the INDI process hangs")
                process.kill()
            finally:
                self._link = None
                _shut(ours)
                status = child_process.end(process, END_S, ask=None)  # it ends with its link
        return status

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        command = [*self._worker, json.dumps({"fd": theirs.fileno(), **self._task})]
        environment = library.with_library(os.environ)
        process = child_process.start(command, environment=environment, stderr=subprocess.PIPE, files=[theirs.fileno()])
        threading.Thread(target=_log_lines, args=(process,), name="indi-stderr", daemon=True).start()
        return process

    def _read(self, link: socket.socket) -> None:
        """Turn messages into events until the process ends."""
        link.settimeout(QUIET_S)
        while (received := array_pipe.receive_file(link)) is not None:
            message, data = _with_frame(*received)
            if message["kind"] == "fault":
                log.error("a fault in the INDI process: %s", message["text"])
            if (event := event_of(message, data)) is not None:
                self._tell(event)

    def _tell(self, event: Event) -> None:
        """Queue an event; a server's state counts, and is logged, when it changes."""
        if isinstance(event, FrameBlob) or (isinstance(event, PathSaved) and not event.defined):
            self._delivered.add(event.device)
            self._lost_frames = 0
        if isinstance(event, CameraChoice):
            self._camera = event.device
        if self._camera in self._delivered:
            self._task["proven"] = self._camera
        if isinstance(event, ServerState):
            event = self._advised(event)
            if self._told == (event.up, event.reason):
                return
            self._log_server(event)
            self._told = (event.up, event.reason)
        self._events.put(event)

    def _advised(self, state: ServerState) -> ServerState:
        """Add what helps where frames are lost again and again."""
        self._lost_frames += state.reason == FRAME_LOST
        if self._lost_frames == LOST_FRAMES and not state.up:
            log.warning("%s", REMEDY)
        return replace(state, advice=REMEDY if self._lost_frames >= LOST_FRAMES else "")

    def _log_server(self, state: ServerState) -> None:
        if state.up:
            log.info("connected to the INDI server at %s", self.address)
        elif self._told is not None and self._told[0]:
            log.warning("lost the INDI server at %s: %s; waiting for it", self.address, state.reason)
        else:
            log.info("waiting for an INDI server at %s: %s", self.address, state.reason)


def _with_frame(message: array_pipe.Message, file: int | None) -> tuple[array_pipe.Message, memoryview | None]:
    """Return a message and the bytes of its frame, or why there are none: the next one may find memory."""
    try:
        return message, None if file is None else array_pipe.view(file)
    except OSError as error:
        return {**message, "fault": f"there was no memory to take it: {error.strerror}"}, None


def _shut(link: socket.socket) -> None:
    """Close both directions, which ends a read in another thread too."""
    with contextlib.suppress(OSError):  # the other end is gone already
        link.shutdown(socket.SHUT_RDWR)


def _log_lines(process: subprocess.Popen[bytes]) -> None:
    """Pass on what the native library writes."""
    if process.stderr is not None:
        with process.stderr as lines:
            for line in lines:
                log.debug("INDI process: %s", line.decode(errors="replace").rstrip())
