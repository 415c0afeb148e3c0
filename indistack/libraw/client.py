"""The agent's end of the processes of LibRaw: one per file under way, kept warm, replaced when they die."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from typing import Any

import numpy as np

from indistack.errors import DecodeError
from indistack.libraw.facts import SensorFacts
from indistack.system import array_pipe, child_process
from indistack.values.frame import PixelArray

WORKER = (sys.executable, "-P", "-m", "indistack.libraw.worker")

START_S = 60.0
"""A busy Raspberry Pi with a slow card needs seconds."""

LEAST_S = 4.0
S_PER_MB = 1.0
"""Longest time for a file. A PC takes 0.01 s per MB of a losslessly compressed DNG."""


class LibRawBugError(Exception):
    """A bug in our lines in the process of LibRaw; says where."""


class LibRaw:
    """Processes of LibRaw for as many threads as ask at once; they end with the agent.

    Parameters
    ----------
    worker : tuple of str
        The command of a process; tests put another in its place.
    """

    def __init__(self, worker: tuple[str, ...] = WORKER) -> None:
        self._worker = worker
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def read(self, data: memoryview, max_megapixels: float) -> tuple[PixelArray, SensorFacts]:
        """Return visible pixels and facts of a raw file; see `indistack.libraw.reader.read`.

        Raises
        ------
        DecodeError
            `too_large`, `truncated`, `unsupported`; `damaged` also when LibRaw dies of the file or takes too long.
        LibRawBugError
            A line of ours is wrong.
        """
        process = self._ready()
        try:
            answer, pixels = process.ask(data, max_megapixels)
        except BaseException:
            process.end()
            raise
        with self._lock:
            self._idle.append(process)
        if "bug" in answer:
            raise LibRawBugError(answer["bug"])
        if "reason" in answer:
            raise DecodeError(answer["reason"], answer["detail"], answer["numbers"])
        return pixels, _facts(answer["facts"])

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
                return _Process(self._worker)
            if process.is_alive():
                return process
            process.end()


class _Process:
    """One process of LibRaw and the link to it."""

    def __init__(self, worker: tuple[str, ...]) -> None:
        self._link, theirs = array_pipe.pair()
        environment = child_process.with_package(os.environ)
        with theirs:  # LibRaw writes about every damaged file to stderr: into the void
            command = [*worker, str(theirs.fileno())]
            self._process = child_process.start(command, environment=environment, files=[theirs.fileno()])
        try:
            fault = self._receive(START_S)[0]["fault"]
            if fault:
                raise DecodeError("unsupported", f"LibRaw cannot be loaded: {fault}", {"status": "not installed"})
        except DecodeError:
            self.end()
            raise

    def is_alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def ask(self, data: memoryview, max_megapixels: float) -> tuple[dict[str, Any], PixelArray]:
        """Return the answer to one file and its pixels, empty where there are none.

        Raises
        ------
        DecodeError
            `damaged`: the process died or took too long; it is of no use any more.
        """
        file = array_pipe.store(np.frombuffer(data, np.uint8).ctypes.data, len(data))
        try:
            with contextlib.suppress(OSError):  # it is gone: told below
                array_pipe.send(self._link, {"max_megapixels": max_megapixels}, file)
        finally:
            os.close(file)
        answer, pixels = self._receive(LEAST_S + S_PER_MB * len(data) / 1e6)
        flat = np.frombuffer(pixels or b"", np.uint16)
        return answer, flat.reshape(answer["shape"]) if pixels else flat

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
                "damaged", f"LibRaw found no end within {timeout_s:.0f} s", {"timeout_s": timeout_s}
            ) from None
        except OSError:
            received = None
        if received is None:
            status = self._process.wait()
            raise DecodeError("damaged", f"LibRaw died of it ({child_process.cause_of(status)})", {"status": status})
        return received


def _facts(told: dict[str, Any]) -> SensorFacts:
    balance = told["white_balance"]
    return SensorFacts(**told | {"white_balance": balance and tuple(balance)})
