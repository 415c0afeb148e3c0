"""A picture that is made only while somebody outside wants it, as soon as the stack has changed."""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path

from indistack.errors import SinkError
from indistack.output import snapshots
from indistack.session.session import Session
from indistack.store.wanted import is_wanted
from indistack.system.atomic import remove_if_can_be
from indistack.values.own_files import OwnFiles

log = logging.getLogger(__name__)

GIVEN_WAY_S = 5.0
"""Longest time that other pictures wait for one."""


class WantedPicture(ABC):
    """Keeps the picture up to date in a thread of its own.

    Parameters
    ----------
    path : Path
        The file, in the agent's output folder; wanted by its name.
    own_files : OwnFiles
        Is told of the file before it is written.
    duty : float
        Largest share of the time that making it may take.
    """

    goes_when_unwanted = True
    """Whether the file is removed as soon as nobody wants it any more."""

    longest_rest_s = math.inf
    """After one that took long the next one need not wait for longer, whatever its share of the time is then."""

    goes_first = True
    """Whether other pictures wait until this one is made."""

    def __init__(self, path: Path, own_files: OwnFiles, duty: float) -> None:
        self._path = path
        self._own_files = own_files
        self._duty = duty
        self._known: object = None
        self._next: Session | None = None
        self._wake = threading.Condition()
        self._closing = self._making = self._resting = self._is_there = False
        self._thread = threading.Thread(target=self._work, name=path.name, daemon=True)
        self._thread.start()

    @abstractmethod
    def _make(self, session: Session) -> None:
        """Write the picture as it is now.

        Raises
        ------
        NoPictureError
            There is nothing to be shown.
        SinkError
            The file cannot be written.
        """

    def look(self, session: Session | None) -> None:
        """Have the picture made where it is wanted and the stack is another than the one it shows."""
        if not is_wanted(self._path.parent, self._path.name):
            if self._is_there and self.goes_when_unwanted:
                self._known, self._is_there = None, False
                remove_if_can_be(self._path)
            return
        if session is None:
            self._known = None  # one that has ended is not kept in memory
            return
        known = session, snapshots.numbers(session)
        if known == self._known:
            return
        with self._wake:
            self._known, self._next, self._is_there = known, session, True
            self._wake.notify_all()

    def give_way(self) -> None:
        """Wait until the picture that is being made is there, where others are in less of a hurry."""
        if not self.goes_first:
            return
        with self._wake:
            self._wake.wait_for(lambda: not self._making and (self._next is None or self._resting), GIVEN_WAY_S)

    def close(self) -> None:
        """End the thread; the picture goes with the agent that kept it up to date."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        remove_if_can_be(self._path)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._closing)
                session, self._next = self._next, None
                if self._closing or session is None:
                    return
                self._making = True
            begin_s = time.monotonic()
            try:
                self._own_files.add(self._path)
                self._make(session)
            except snapshots.NoPictureError as error:
                log.debug("%s: %s", self._path.name, error)
            except SinkError as error:
                log.error("cannot publish: %s", error)
            except Exception:  # the top of a thread: the next picture may do better
                log.exception("a bug in indistack; %s was not made", self._path.name)
            del session  # it may end while this thread waits
            with self._wake:
                self._making, self._resting = False, True
                self._wake.notify_all()
                rest_s = (time.monotonic() - begin_s) * (1 / self._duty - 1)
                self._wake.wait_for(lambda: self._closing, min(rest_s, self.longest_rest_s))
                self._resting = False
