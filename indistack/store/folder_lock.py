"""An agent's output folder: made, and held by one agent at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indistack.errors import IndistackError
from indistack.hook import ANNOUNCED, STAND_IN
from indistack.system.atomic import remove_if_can_be
from indistack.system.place import Place

log = logging.getLogger(__name__)

LOCK_PATIENCE_S, LOCK_POLL_S = 2.0, 0.05

RELIEF_S = 300.0
"""Longest time that a stand-in may take to finish what it has begun."""


def make_folder(folder: Path) -> Path:
    """Return an agent's output folder, made if missing; raise IndistackError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndistackError(f"{folder}: the output folder cannot be made: {error.strerror}") from error
    return folder


class FolderLock:
    """Holds an output folder, and the one that comes into its place where somebody removes it.

    Parameters
    ----------
    output : Path
        The folder.
    handle : int
        It, open and locked.
    """

    def __init__(self, output: Path, handle: int) -> None:
        self._output = output
        self._handle = handle
        self._place = Place(output)
        self._told = ""

    def renew(self) -> None:
        """Look whether the folder is still the one that is held; else make it anew, and hold that."""
        try:
            if os.path.samestat(self._output.stat(), os.fstat(self._handle)):
                return
        except OSError:
            pass
        try:
            self._place.make()
            handle = os.open(self._output, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            return self._tell(f"{self._output} is not there, and cannot be made anew: {error.strerror}")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return self._tell(f"{self._output} was removed, and another agent is at work in the folder in its place")
        except OSError as error:
            log.debug("%s: %s", self._output, error.strerror)
        self._tell(f"{self._output} was removed, and is made anew: what comes from now on is in it")
        self.close()
        self._handle, self._told = handle, ""

    def _tell(self, text: str) -> None:
        if text != self._told:
            log.error("%s", text)
        self._told = text

    def close(self) -> None:
        """Let others in."""
        os.close(self._handle)


@contextmanager
def only_one(output: Path, relieves: bool = False) -> Iterator[FolderLock]:
    """Keep other agents out of an output folder.

    Parameters
    ----------
    output : Path
        The folder.
    relieves : bool
        A stand-in that is at work there is asked to leave, and waited for, see `stand_in`.

    Raises
    ------
    IndistackError
        There is one already.
    """
    handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    lock = FolderLock(output, handle)
    try:
        if not _locked(handle, output, relieves):
            raise IndistackError(f"{output}: another agent is at work there")
        if relieves:
            _ask_to_leave(output)  # of one that was killed
        yield lock
    finally:
        lock.close()


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


@contextmanager
def stand_in(output: Path) -> Iterator[Callable[[], bool]]:
    """Be a stand-in for an agent; yields what tells whether it is still wanted. The folder is held already."""
    path = output / ANNOUNCED / STAND_IN
    path.touch()
    try:
        yield path.exists
    finally:
        remove_if_can_be(path)


def has_stand_in(output: Path) -> bool:
    """Tell whether who is at work in an output folder is a stand-in, which leaves when an agent comes."""
    return is_at_work(output) and (output / ANNOUNCED / STAND_IN).exists()


def _ask_to_leave(output: Path) -> bool:
    """Tell a stand-in that it is not wanted any more; False where there is none."""
    try:
        (output / ANNOUNCED / STAND_IN).unlink()
    except OSError:
        return False
    return True


def _locked(handle: int, output: Path, relieves: bool) -> bool:
    """Take the lock; a program that a killed agent was just starting may hold it for a moment."""
    deadline_s = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if relieves and _ask_to_leave(output):
                log.info("%s: waiting for the stand-in to finish", output)
                deadline_s = time.monotonic() + RELIEF_S
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(LOCK_POLL_S)
        except OSError as error:  # a network share without locks
            log.debug("%s: %s", output, error.strerror)
            return True
        else:
            return True
