"""The folder of all sessions: which one is open, and how much the finished ones hold."""

from __future__ import annotations

import logging
import os
import re
import shutil
from datetime import datetime
from glob import escape
from pathlib import Path

from indistack.errors import IndistackError, SinkError, StackError
from indistack.store.disk_use import size_of
from indistack.store.held_files import folders_of, give_up, held_bytes, is_bare, sweep
from indistack.store.last_status import SESSIONS, last_status, shown_pictures
from indistack.store.ledger import LEDGER
from indistack.store.session_reader import PastSession, kept_numbers
from indistack.system.atomic import atomic_file, keep_as
from indistack.values.file_names import session_name

log = logging.getLogger(__name__)

FOLDER = SESSIONS

OPEN = "open"
"""File in the folder with the name of the session that has not ended."""


class SessionFolders:
    """The sessions of one output folder.

    Parameters
    ----------
    output : Path
        The agent's output folder.
    """

    def __init__(self, output: Path) -> None:
        self._folder = output / FOLDER
        self._running = ""

    def begin(self, started: datetime, target: str) -> Path:
        """Return the folder of a new session, which is open from now on.

        Raises
        ------
        StackError
            It cannot be made.
        """
        folder = self._folder / session_name(started, target, self._last_number() + 1)
        self._running = folder.name  # first: another thread may just be looking for what can be given up
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StackError(f"{folder}: {error.strerror}") from error
        self.reopen(folder)
        return folder

    def sweep(self) -> None:
        """Remove what was begun when power went and has no line yet, nor anything else that somebody may want.

        Only who has the output folder to itself may: another agent may just have begun one.
        """
        sweep(self._folder)
        for folder in self.all():
            if is_bare(folder):
                log.info("%s is removed: it was begun and no sub came", folder)
                shutil.rmtree(folder, ignore_errors=True)

    def reopen(self, folder: Path) -> None:
        """Note that a session has not ended. Where the disk does not take the note, this program still knows."""
        self._running = folder.name
        try:
            with atomic_file(self._folder / OPEN) as file:
                file.write(folder.name.encode())
        except SinkError as error:
            log.error("the session cannot be resumed after a power cut: %s", error)

    def stay_open(self) -> None:
        """Write the note again where somebody has removed it, perhaps with the whole folder."""
        if self._running and not (self._folder / OPEN).exists():
            self.reopen(self._folder / self._running)

    def end(self) -> None:
        """Note that there is no open session."""
        self._running = ""
        try:
            (self._folder / OPEN).unlink(missing_ok=True)
        except OSError as error:
            log.error("%s: the next start will go on with a session that has ended: %s", self._folder, error.strerror)

    def shows(self, session: Path) -> bool:
        """Tell whether the pictures in the output folder are a session's."""
        return bool(last_status(self._folder.parent).get("session") == session.name)

    def keep_shown(self) -> None:
        """Give a session that will not be gone on with the pictures that it has published.

        One that ended has them; after a power cut they are in the output folder only, where the next ones will be.
        """
        folder, output = self.open_one(), self._folder.parent
        if folder is None or not self.shows(folder):
            return
        for path in (path for name in shown_pictures(output) for path in output.glob(f"{escape(name)}.*")):
            try:
                keep_as(path, folder / path.name)
            except OSError as error:
                log.error("cannot keep %s in %s: %s", path, folder, error.strerror)

    def open_one(self) -> Path | None:
        """Return the session that has not ended, None where all have."""
        try:
            folder = self._folder / (self._folder / OPEN).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        is_ours = folder.parent == self._folder and os.access(folder, os.R_OK | os.X_OK)
        return folder if is_ours and folder.is_dir() else None

    def past(self, name: str = "") -> PastSession | None:
        """Return the session of that name or path, by default the one that has not ended, where there is one.

        Raises
        ------
        IndistackError
            There is none of that name, or nothing can be read of it.
        """
        if name:
            return PastSession(self.find(name))
        folder = self.open_one()
        try:
            return PastSession(folder) if folder is not None and not is_bare(folder) else None
        except StackError as error:
            log.warning("the session that had not ended cannot be gone on with: %s", error)
            return None

    def find(self, name: str) -> Path:
        """Return a session by its path or name; ``last`` is the newest one.

        Raises
        ------
        IndistackError
            There is none.
        """
        every = self.all()
        if name == "last":
            if not every:
                raise IndistackError(f"{self._folder}: no session to go on with")
            return every[-1]
        for folder in (self._folder / name, Path(name)):
            if folder.resolve().parent == self._folder.resolve() and folder.is_dir():
                return self._folder / folder.name
        raise IndistackError(f"{name}: no session of {self._folder}")

    def all(self) -> list[Path]:
        """Return the sessions, oldest first, but for those that only another user can read."""
        return [one for one in self._every() if os.access(one, os.R_OK | os.X_OK)]

    def _every(self) -> list[Path]:
        folders = [one for one in self._folder.glob("*") if one.is_dir() and _number(one) > 0]
        return sorted(folders, key=lambda one: (_number(one), one.name))

    def give_up_oldest(self) -> int:
        """Remove what the oldest finished session holds beside its pictures; return how many bytes that was.

        For those who have set how much may be held.
        Those without a ledger come last: of these the raw subs are all that there is.
        """
        for folder in sorted(self.all(), key=lambda one: size_of(one / LEDGER) == 0):
            if not self.is_needed(folder) and held_bytes(folder):
                log.warning("%s: the raw subs are removed, room is needed for newer ones", folder)
                n_bytes = give_up(folder)
                if n_bytes:
                    return n_bytes
        return 0

    def is_needed(self, folder: Path) -> bool:
        """Tell whether a session has not ended. Asked after it was found: another thread may just have begun it."""
        return folder.name == self._running or folder == self.open_one()

    def published(self) -> list[Path]:
        """Return what agents have published in the output folder so far.

        Sessions keep their pictures by these names; those of one that did not end stand in the status.
        """
        output = self._folder.parent
        kept = (path.name for folder in self.all() for path in folder.iterdir() if path.is_file())
        shown = (path.name for name in shown_pictures(output) for path in output.glob(f"{escape(name)}.*"))
        return [output / name for name in {*kept, *shown}]

    def tell_of_lost(self) -> None:
        """Tell of sessions that cannot be read, and of those whose raw subs are all that is left of them."""
        for folder in set(self._every()) - set(self.all()):
            log.warning("%s: it belongs to another user, and is left out", folder)
        for folder in self.all():
            if size_of(folder / LEDGER) == 0 and kept_numbers(folder) and not self.is_needed(folder):
                log.warning("%s: its ledger is lost, not its raw subs; --continue %s stacks them", folder, folder.name)

    def held_bytes(self) -> int:
        """Return what all sessions hold beside their pictures."""
        return sum(map(held_bytes, self.all()))

    def _last_number(self) -> int:
        return max(map(_number, self._every()), default=0)


def can_be_written(session: Path) -> bool:
    """Tell whether this user may go on with a session: another one may have begun it."""
    places = [one for one in (*folders_of(session), session / LEDGER) if one.exists()]
    return all(os.access(one, os.R_OK | os.W_OK | (os.X_OK if one.is_dir() else 0)) for one in places)


def session_at(place: Path) -> Path:
    """Return the session that is meant: named by its folder or ledger, or the newest of an output folder.

    Parameters
    ----------
    place : Path
        Any of these.

    Returns
    -------
    Path
        The session's folder.

    Raises
    ------
    IndistackError
        There is none.
    """
    if place.name == LEDGER and place.is_file():
        return place.parent
    if (place / LEDGER).exists() or kept_numbers(place):
        return place
    every = [folder for folder in SessionFolders(place).all() if (folder / LEDGER).exists()]
    if every:
        return every[-1]
    if not place.exists():
        raise IndistackError(f"{place}: no such folder")
    raise IndistackError(f"{place}: neither a session nor an output folder with sessions in it")


def _number(session: Path) -> int:
    """Of a session's name; 0 for what is none."""
    found = re.fullmatch(r"\d{8}-\d{6}_.*_(\d{3,})", session.name)
    return int(found[1]) if found else 0
