"""Processes that read files for us where a library may crash, hang or grow: kept warm, replaced when they die.

Their own end is `indistack.system.helper_loop`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from typing import Any

import numpy as np

from indistack.errors import DecodeError
from indistack.system import array_pipe, child_process

START_S = 60.0
"""A busy Raspberry Pi with a slow card needs seconds."""

LEAST_S, S_PER_MB = 4.0, 1.0
"""Longest time for a file. A PC takes 0.01 s per MB of a losslessly compressed DNG, 0.1 s of HCOMPRESS."""


class HelperBugError(Exception):
    """A bug in our lines in a helper's process; says where."""


class Helpers:
    """Processes of one kind for as many threads as ask at once; they end with the agent.

    Parameters
    ----------
    name : str
        The library in there, for people.
    worker : tuple of str
        The command of a process; it gets the number of its socket.
    """

    def __init__(self, name: str, worker: tuple[str, ...]) -> None:
        self._name = name
        self._worker = worker
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def ask(self, task: array_pipe.Message, data: memoryview) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
        """Have a process read a file; return its answer and its pixels, empty where there are none.

        Raises
        ------
        DecodeError
            What it says of the file; `damaged` also when it dies of it or takes too long.
        HelperBugError
            A line of ours is wrong.
        """
        process = self._ready()
        try:
            answer, pixels = process.ask(task, data)
        except BaseException:
            process.end()
            raise
        with self._lock:
            self._idle.append(process)
        if "bug" in answer:
            raise HelperBugError(answer["bug"])
        if "reason" in answer:
            raise DecodeError(answer["reason"], answer["detail"], answer["numbers"])
        return answer, pixels

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _ready(self) -> _Process:
        """Return a process that waits for work."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return _Process(self._name, self._worker)
            if process.is_alive():
                return process
            process.end()


class _Process:
    """One process and the link to it."""

    def __init__(self, name: str, worker: tuple[str, ...]) -> None:
        self._name = name
        self._link, theirs = array_pipe.pair()
        environment = child_process.with_package(os.environ)
        with theirs:  # libraries write about every damaged file to stderr: into the void
            command = [*worker, str(theirs.fileno())]
            self._process = child_process.start(command, environment=environment, files=[theirs.fileno()])
        try:
            fault = self._receive(START_S)[0]["fault"]
            if fault:
                raise DecodeError("unsupported", f"{name} cannot be loaded: {fault}", {"status": "not installed"})
        except DecodeError:
            self.end()
            raise

    def is_alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def ask(self, task: array_pipe.Message, data: memoryview) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
        """Return the answer to one file and its pixels.

        Raises
        ------
        DecodeError
            `damaged`: the process died or took too long; it is of no use any more.
        """
        file = array_pipe.store(np.frombuffer(data, np.uint8).ctypes.data, len(data))
        try:
            with contextlib.suppress(OSError):  # it is gone: told below
                array_pipe.send(self._link, task, file)
        finally:
            os.close(file)
        answer, pixels = self._receive(LEAST_S + S_PER_MB * len(data) / 1e6)
        if pixels is None or "shape" not in answer:
            return answer, np.empty(0, np.uint8)
        return answer, np.frombuffer(pixels, answer["dtype"]).reshape(answer["shape"])

    def end(self) -> None:
        """End the process, whatever it does."""
        self._link.close()
        child_process.end(self._process)

    def _receive(self, timeout_s: float) -> tuple[array_pipe.Message, memoryview | None]:
        self._link.settimeout(timeout_s)
        try:
            received = array_pipe.receive(self._link)
        except TimeoutError:
            raise DecodeError(
                "damaged", f"{self._name} found no end within {timeout_s:.0f} s", {"timeout_s": timeout_s}
            ) from None
        except OSError:
            received = None
        if received is None:
            status = self._process.wait()
            raise DecodeError(
                "damaged", f"{self._name} died of it ({child_process.cause_of(status)})", {"status": status}
            )
        return received
