"""Runs a program of somebody else's that must not outlive its time, nor take any from the stack."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from indistack.errors import SolveError
from indistack.system import child_process

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
            process = child_process.start(bounded, stdout=output, stderr=output, folder=folder)
        except OSError as error:
            raise SolveError(f"{words[0]}: {error.strerror}") from error
        try:
            _wait(process, time.monotonic() + timeout_s, stop)
        finally:
            child_process.end(process)


def _wait(process: subprocess.Popen[bytes], deadline_s: float, stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(POLL_S):
            raise SolveError("stopped")
        if time.monotonic() > deadline_s:
            raise SolveError("it took too long")
