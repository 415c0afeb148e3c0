"""The agent whose stack the device shows: found at work in its output folder, or started there, and told things."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO

from indistack.commands.client import has_agent
from indistack.errors import IndistackError
from indistack.hook import LOG
from indistack.store.folder_lock import has_stand_in
from indistack.system import child_process

MAX_LOG_BYTES = 5_000_000
"""A longer log is begun anew when an agent is started."""

DEFAULT_PORT = 7624

PROBE_S = 1.0
"""How often it is looked whether an agent is there."""


class AgentProcess:
    """The agent of one output folder.

    Parameters
    ----------
    output : Path
        The folder.
    port : int
        Of the INDI server that the driver belongs to.
    """

    def __init__(self, output: Path, port: int) -> None:
        self.output = output
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._probed_s = -PROBE_S
        self._is_there = False

    def is_there(self) -> bool:
        """Tell whether an agent is at work, as it was a moment ago."""
        if time.monotonic() - self._probed_s >= PROBE_S:
            self._probed_s = time.monotonic()
            self._is_there = has_agent(self.output)
        return self._is_there

    def is_starting(self) -> bool:
        """Tell whether one that was started here has neither ended nor begun to work."""
        return self._process is not None and self._process.poll() is None and not self.is_there()

    def has_ended(self) -> bool:
        """Tell whether one that was started here has ended, well or not."""
        return self._process is not None and self._process.poll() is not None

    def has_failed(self) -> bool:
        """Tell whether it has ended with a fault."""
        return self._process is not None and self._process.poll() not in (None, 0)

    def start(self, camera: str) -> None:
        """Start one where none is at work; it goes on with the session of this night, and outlives the driver.

        Parameters
        ----------
        camera : str
            That it listens to; "" takes the only one.

        Raises
        ------
        IndistackError
            It cannot be started.
        """
        runs = self._process is not None and self._process.poll() is None
        if runs or (has_agent(self.output) and not has_stand_in(self.output)):
            return
        words = ["run", "--output-dir", str(self.output), "--host", "127.0.0.1", "--port", str(self._port)]
        words += ["--device", camera] if camera else []
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            with self._log() as log:
                self._process = child_process.start(
                    _program(words), stdout=log, stderr=log, environment=child_process.with_package(os.environ)
                )
        except OSError as error:
            raise IndistackError(f"the agent cannot be started in {self.output}: {error.strerror}") from error

    def last_words(self) -> str:
        """Return the last line that the agent has written."""
        with contextlib.suppress(OSError):
            lines = (self.output / LOG).read_text(errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def end(self) -> bool:
        """Have the agent stack what it has received, keep the stack and end; tell whether it was started here."""
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.send_signal(signal.SIGTERM)
        return True

    def _log(self) -> IO[bytes]:
        path = self.output / LOG
        is_long = path.exists() and path.stat().st_size > MAX_LOG_BYTES
        return path.open("wb" if is_long else "ab")


def _program(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "indistack", *words]


def server_port(pid: int) -> int:
    """Return the port of the INDI server that runs under a process id, as its command line tells."""
    with contextlib.suppress(OSError, ValueError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        for word, value in pairwise(words):
            if word == "-p":
                return int(value)
            if word.startswith("-p") and word[2:].isdecimal():
                return int(word[2:])
    return DEFAULT_PORT
