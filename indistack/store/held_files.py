"""What a session holds beside its pictures: raw subs and checkpoints, and giving them up."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from indistack.errors import StackError
from indistack.store.checkpoint import FOLDER as CHECKPOINTS
from indistack.store.checkpoint import NAMES, START
from indistack.store.disk_use import size_of
from indistack.store.entries import Damaged
from indistack.store.ledger import LEDGER
from indistack.store.line_reader import read_entries
from indistack.store.session_reader import ASKED, SETTINGS, PastSession
from indistack.store.spooled import FACTS
from indistack.store.sub_files import GROWTH, PREVIEWS, SUBS, sub_name
from indistack.values.outcome import Refused

log = logging.getLogger(__name__)


BEGINNING = re.compile(rf"{SETTINGS}|{ASKED}|{LEDGER}|{CHECKPOINTS}/{START}|{SUBS}/mended-\d+\.npy|(.*/)?\..*\.tmp")
"""What may be in a session before its first line."""


def held_bytes(session: Path) -> int:
    """Return the size of a session's raw subs and checkpoints."""
    return sum(map(size_of, _held(session)))


def give_up(session: Path) -> int:
    """Remove a session's raw subs and checkpoints: it can be looked at, but not be made again.

    Returns
    -------
    int
        How many bytes that was.
    """
    n_bytes = _remove(_held(session))
    for folder in (session / SUBS, session / CHECKPOINTS):
        with contextlib.suppress(OSError):  # it is not there, or something in it cannot be removed
            folder.rmdir()
    return n_bytes


def give_up_checkpoints(session: Path) -> int:
    """Remove a session's states but the first, if all its subs are beside them: it can be made again from these.

    Returns
    -------
    int
        How many bytes that was.
    """
    states = [path for name in NAMES if size_of(path := session / CHECKPOINTS / name)]
    return _remove(states) if states and _has_all_subs(session) else 0


def _has_all_subs(session: Path) -> bool:
    try:
        past = PastSession(session)
    except StackError:
        return False
    if any(isinstance(entry, Damaged) for entry in past.entries):
        return False
    stacked = past.in_stack()
    with_bytes = {path.name.partition(".")[0] for path in (session / SUBS).glob("*") if path.suffix != FACTS}
    return bool(stacked) and with_bytes.issuperset(map(sub_name, stacked))


def give_up_refused(session: Path) -> int:
    """Remove the raw subs that are not in a session's stack; return how many bytes that was."""
    refused = [entry.number for entry in read_entries(session) if entry.word == Refused.word]
    return _remove([path for number in refused if number for path in (session / SUBS).glob(f"{sub_name(number)}.*")])


def _remove(paths: Iterable[Path]) -> int:
    """Remove files as far as that can be done; return how many bytes that was."""
    n_bytes, fault = 0, ""
    for path in paths:
        size_bytes = size_of(path)
        try:
            path.unlink(missing_ok=True)
            n_bytes += size_bytes
        except OSError as error:
            fault = f"{path}: {error.strerror}"
    if fault:
        log.warning("not all can be removed: %s", fault)
    return n_bytes


def _held(session: Path) -> list[Path]:
    return [*(session / SUBS).glob("*"), *(session / CHECKPOINTS).glob("*")]


def folders_of(session: Path) -> tuple[Path, ...]:
    """Return the folders in which a session's files are written."""
    return session, session / SUBS, session / CHECKPOINTS, session / PREVIEWS, session / GROWTH


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed agent has left."""
    _remove(folder.glob(".*.tmp"))


def is_bare(session: Path) -> bool:
    """Tell whether a session holds only what is written before its first line."""
    try:
        files = [path for path in session.rglob("*") if not path.is_dir()]
        told = sum(path.stat().st_size for path in files if path.name == LEDGER)
    except OSError:  # nobody knows
        return False
    return not told and all(BEGINNING.fullmatch(path.relative_to(session).as_posix()) for path in files)
