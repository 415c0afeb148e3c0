"""Runs a program of somebody else's that must not outlive its time, nor take any from the stack."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from indistack.errors import SolveError

POLL_S = 0.1

GRACE_S = 5.0
"""Between asking a program to end and ending it."""

POLITELY = ("nice", "-n", "19")


def run(words: Sequence[str], folder: Path, timeout_s: float, stop: threading.Event) -> None:
    """Run a program and all its children with the lowest priority; all are ended when this returns.

    Should this process itself be killed, `timeout` of coreutils ends them.

    Parameters
    ----------
    words : sequence of str
        The command.
    folder : Path
        Where it works, and writes what it says into ``output.txt``.
    timeout_s : float
        How long it may take.
    stop : Event
        Set it to end the program.

    Raises
    ------
    SolveError
        It could not be started, took too long, or was stopped.
    """
    bounded = ["timeout", "-k", f"{GRACE_S:g}", f"{timeout_s + GRACE_S:g}", *POLITELY, *words]
    with (folder / "output.txt").open("wb") as output:
        try:
            process = subprocess.Popen(
                bounded, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        except OSError as error:
            raise SolveError(f"{words[0]}: {error.strerror}") from error
        try:
            _wait(process, time.monotonic() + timeout_s, stop)
        finally:
            _end_all(process)


def _wait(process: subprocess.Popen[bytes], deadline_s: float, stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(POLL_S):
            raise SolveError("stopped")
        if time.monotonic() > deadline_s:
            raise SolveError("it took too long")


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children, which are a group of their own."""
    with contextlib.suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
