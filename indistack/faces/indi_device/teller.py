"""Gives commands to the agent in a thread of its own: an answer comes after the frames before it, which takes time."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indistack.commands import Command, tell
from indistack.errors import IndistackError

log = logging.getLogger(__name__)

Then = Callable[["Told"], None]
"""Gets what became of a command, in the thread that asks for it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a command, for people."""

    said: str = ""
    fault: str = ""


class Teller:
    """Tells one thing after the other."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[Path, Command, Then]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Then, Told]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="teller", daemon=True).start()

    def tell(self, output: Path, command: Command, then: Then) -> None:
        """Give a command to the agent of a folder; `then` is called by `hear`."""
        self._orders.put((output, command, then))

    def hear(self) -> None:
        """Pass on the answers that have come."""
        while not self._answers.empty():
            then, told = self._answers.get()
            then(told)

    def _work(self) -> None:
        while True:
            output, command, then = self._orders.get()
            try:
                told = Told(tell(output, command))
            except IndistackError as error:
                told = Told(fault=str(error))
            except Exception as error:  # the top of a thread: it costs this command
                log.exception("a bug in indistack; a command was not given")
                told = Told(fault=f"a bug in indistack: {error}")
            self._answers.put((then, told))
