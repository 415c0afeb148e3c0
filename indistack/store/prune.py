"""What sessions hold on the disk, and removing it by a rule that a person has given."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from indistack.errors import IndistackError
from indistack.store.disk_use import size_of
from indistack.store.held_files import give_up, held_bytes
from indistack.store.session_folders import SessionFolders

What = Literal["raw", "all"]
"""Raw subs and checkpoints, without which a stack cannot be made again; or the whole session, pictures too."""


@dataclass(frozen=True, slots=True)
class SessionSize:
    """A session on the disk.

    Attributes
    ----------
    folder : Path
        Where it is.
    changed : datetime
        When something was written there last.
    raw_bytes, other_bytes : int
        Raw subs and checkpoints; pictures and lines.
    is_open : bool
        It has not ended.
    """

    folder: Path
    changed: datetime
    raw_bytes: int
    other_bytes: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to go.

    Attributes
    ----------
    what : str
        ``raw`` or ``all``.
    older_than : timedelta or None
        Only sessions that have not changed for that long.
    keep : int
        So many newest sessions stay as they are.
    """

    what: What
    older_than: timedelta | None = None
    keep: int = 0

    def of(self, sessions: Sequence[SessionSize], now: datetime) -> list[SessionSize]:
        """Return those that it is about; one that has not ended never is."""
        rest = sessions[: len(sessions) - self.keep]
        return [
            one
            for one in rest
            if not one.is_open and (self.older_than is None or now - one.changed > self.older_than)
            if self.what == "all" or one.raw_bytes
        ]


def sizes(output: Path) -> list[SessionSize]:
    """Return the sessions of an output folder, oldest first."""
    folders = SessionFolders(output)
    is_open = folders.open_one()
    return [_size(folder, folder == is_open) for folder in folders.all()]


def remove(session: SessionSize, what: What) -> int:
    """Remove what a session holds; return how many bytes that was.

    Raises
    ------
    IndistackError
        Not all of it can be removed.
    """
    if what == "raw":
        return give_up(session.folder)
    try:
        shutil.rmtree(session.folder)
    except OSError as error:
        raise IndistackError(f"{session.folder}: cannot be removed: {error.strerror}") from error
    return session.raw_bytes + session.other_bytes


def _size(folder: Path, is_open: bool) -> SessionSize:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    raw = held_bytes(folder)
    newest_s = max((path.stat().st_mtime for path in [folder, *files]), default=0.0)
    changed = datetime.fromtimestamp(newest_s).astimezone()
    return SessionSize(folder, changed, raw, sum(map(size_of, files)) - raw, is_open)
