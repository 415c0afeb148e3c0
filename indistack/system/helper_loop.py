"""The life of a helper's process: takes one file after the other, until its link to the agent is closed."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from indistack.errors import DecodeError
from indistack.system import array_pipe
from indistack.system.blame import blames_bytes
from indistack.system.resources import bound_memory

Work = Callable[[array_pipe.Message, int, "Pixels"], array_pipe.Message]
"""Reads the open file whose number it is given as the task says, fills the pixels, returns what else is known."""


class Pixels:
    """A memfd that pixels are written to straight away: a copy of them would cost more than reading some files."""

    def __init__(self) -> None:
        self.fd: int | None = None

    def new(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """Return the array to fill."""
        self.close()
        self.fd, memory = array_pipe.blank(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return np.frombuffer(memory, dtype).reshape(shape)

    def close(self) -> None:
        """Let go of the memfd; the agent has its own hold on it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


def serve(fd: int, load: Callable[[], Work]) -> None:
    """Serve the agent at the other end of the socket `fd`.

    A task tells under ``spare_bytes`` how much memory its file may take beyond what the process has by then: more ends
    as `too_large`.

    Parameters
    ----------
    fd : int
        Of the socket.
    load : callable
        Imports what takes time, before anyone waits for a frame, and returns what does the work.
    """
    with socket.socket(fileno=fd) as link:
        try:
            work = load()
        except ImportError as error:
            array_pipe.send(link, {"fault": str(error)})
            return
        array_pipe.send(link, {"fault": ""})
        while (received := array_pipe.receive_file(link)) is not None:
            task, file = received
            if file is not None:
                pixels = Pixels()
                answer = _answer(work, task, file, pixels)
                array_pipe.send(link, answer, pixels.fd)
                pixels.close()
                os.close(file)


def _answer(work: Work, task: array_pipe.Message, file: int, pixels: Pixels) -> array_pipe.Message:
    """Return the message for one file."""
    numbers = {"bytes": os.fstat(file).st_size}
    try:
        with bound_memory(task["spare_bytes"]):
            return work(task, file, pixels)
    except DecodeError as error:
        return {"reason": error.reason, "detail": error.detail, "numbers": error.numbers}
    except MemoryError:
        return {"reason": "too_large", "detail": "it takes more memory than its pixels", "numbers": numbers}
    except Exception as error:  # noqa: BLE001 - the top of a process: hostile bytes make libraries raise anything
        if not blames_bytes(error):
            return {"bug": traceback.format_exc()}
        return {"reason": "damaged", "detail": f"{type(error).__name__}: {error}", "numbers": numbers}
