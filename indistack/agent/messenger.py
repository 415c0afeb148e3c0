"""Passes messages on, each by a program of its own: a dead network holds that, and nothing of the agent."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import IO

from indistack.system import child_process

log = logging.getLogger(__name__)

PROGRAM = "indistack.faces.notify"

PATIENCE_S, LAST_S = 60.0, 5.0
"""For one message; for all that are left at the end."""

MOST_WAITING = 10


class Messenger:
    """A thread that sends one message after the other; further ones are dropped while too many wait.

    Parameters
    ----------
    urls : sequence of str
        Whom to tell, as apprise takes it; secrets, so never in a command line or a log.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="messenger", daemon=True)
        self._thread.start()

    def say(self, title: str, text: str) -> None:
        """Have a message sent; returns at once."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait((title, text))

    def close(self) -> None:
        """Let the last messages go, for some seconds."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(LAST_S)

    def _work(self) -> None:
        failed = False
        while (message := self._waiting.get()) is not None:
            why = self._send(*message)
            if why and not failed:
                log.warning("a message could not be sent: %s", why)
            failed = bool(why)

    def _send(self, title: str, text: str) -> str:
        """Send a message; return why that failed, "" where it did not."""
        told = json.dumps({"urls": self._urls, "title": title, "text": text}).encode()
        with _sheet() as letter, _sheet() as said:
            letter.write(told)
            letter.seek(0)
            environment = child_process.with_package(os.environ)
            command = [sys.executable, "-m", PROGRAM, str(letter.fileno())]
            try:
                process = child_process.start(
                    command, stderr=said, environment=environment, files=[letter.fileno()]
                )  # fmt: skip
            except OSError as error:
                return str(error)
            try:
                status = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child_process.end(process)
                return "the network does not answer"
            said.seek(0)
            lines = said.read().decode(errors="replace").split("\n")
            return "" if status == 0 else next(filter(None, reversed(lines)), f"status {status}")


def _sheet() -> IO[bytes]:
    """Return a file in memory: a message that the disk is full needs none."""
    return os.fdopen(os.memfd_create("indistack-message", os.MFD_CLOEXEC), "w+b")


@contextlib.contextmanager
def messenger(urls: Sequence[str]) -> Iterator[Messenger | None]:
    """Have a messenger in the block, where somebody is to be told."""
    if not urls:
        yield None
        return
    if importlib.util.find_spec("apprise") is None:
        log.warning("nobody is told of anything: notify.urls needs apprise; install it beside indistack with pip")
        yield None
        return
    one = Messenger(urls)
    try:
        yield one
    finally:
        one.close()
