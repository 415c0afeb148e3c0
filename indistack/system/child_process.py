"""Starts a child process apart from the terminal, and ends it with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
"""The folder that this package lies in."""

Output = int | IO[bytes]


def start(
    command: Sequence[str],
    *,
    stdout: Output = subprocess.DEVNULL,
    stderr: Output = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    files: Collection[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own: CTRL-C in a terminal is not meant for it, and it can be ended whole.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; it reads nothing from us.
    stdout, stderr : int or file
        Where it writes, as `subprocess` takes it; nowhere if not told.
    environment : mapping, optional
        Its whole environment; ours if not given.
    folder : Path, optional
        Where it works.
    files : collection of int
        Descriptors that it inherits under the same numbers.

    Raises
    ------
    OSError
        It cannot be started.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        pass_fds=files,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def with_package(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds this package."""
    path = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
    return {**environment, "PYTHONPATH": path}


def end(process: subprocess.Popen[bytes], patience_s: float = 0.0, ask: signal.Signals | None = signal.SIGTERM) -> int:
    """End a process of `start` and all that it started; return its exit status.

    Parameters
    ----------
    process : Popen
        It may have ended already.
    patience_s : float
        So long it may take to end by itself; 0 kills it at once.
    ask : signal, optional
        What asks it to; None where it knows already.
    """
    if patience_s > 0:
        if ask is not None:
            _signal(process, ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
    _signal(process, signal.SIGKILL)
    return process.wait()


def cause_of(status: int) -> str:
    """Return an exit status in words."""
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process and its children, which are a group of their own."""
    with contextlib.suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, number)
