"""What a job of Ekos means for the stack."""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path

from indistack.commands import Command, Finish, NewStack, read_state, tell
from indistack.errors import IndistackError
from indistack.values.spelling import is_same

log = logging.getLogger(__name__)

LONGEST_NAME = 68


class EkosJobs:
    """Begins a stack with a job and ends it with the job, by the commands that a person would give.

    A job of the same target goes on with the stack: its filters come one job after the other.

    Parameters
    ----------
    output : Path
        Output folder of the agent.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._jobs: queue.SimpleQueue[tuple[bool, str, threading.Event]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="ekos-jobs", daemon=True).start()

    def __call__(self, begins: bool, target: str) -> threading.Event:
        """Act on a job that begins or has ended; returns at once what is set when that is done."""
        done = threading.Event()
        self._jobs.put((begins, target, done))
        return done

    def _run(self) -> None:
        """Act on one job after the other."""
        while True:
            begins, target, done = self._jobs.get()
            try:
                if not begins:
                    self._tell(Finish())
                elif target and is_same(target, read_state(self._output).target):
                    log.info("Ekos begins a job on %s: the stack goes on", target)
                else:
                    self._tell(NewStack(target[:LONGEST_NAME]))
            finally:
                done.set()

    def _tell(self, command: Command) -> None:
        """Give a command."""
        try:
            log.info("Ekos: %s", tell(self._output, command))
        except IndistackError as error:
            log.warning("Ekos' job changes nothing: %s", error)
