"""An agent's output folder: made, and held by one agent at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indistack.errors import IndistackError

log = logging.getLogger(__name__)

LOCK_PATIENCE_S, LOCK_POLL_S = 2.0, 0.05


def make_folder(folder: Path) -> Path:
    """Return an agent's output folder, made if missing; raise IndistackError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{folder}: the output folder cannot be made: {error.strerror}") from error
    return folder


@contextmanager
def only_one(output: Path) -> Iterator[None]:
    """Keep other agents out of an output folder.

    Raises
    ------
    IndistackError
        There is one already.
    """
    handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _locked(handle, output):
            raise IndistackError(f"{output}: another agent is at work there")
        yield
    finally:
        os.close(handle)


def is_at_work(output: Path) -> bool:
    """Tell whether an agent of this machine holds an output folder; True where the file system knows no locks."""
    try:
        handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # there is no such folder, or none that anybody could work in
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _locked(handle: int, output: Path) -> bool:
    """Take the lock; a program that a killed agent was just starting may hold it for a moment."""
    deadline_s = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(LOCK_POLL_S)
        except OSError as error:  # a network share without locks
            log.debug("%s: %s", output, error.strerror)
            return True
        else:
            return True
