"""Which session a start goes on with by itself: one that has not ended, or the last one of the night."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from indistack.config import Config
from indistack.errors import SettingsError, StackError
from indistack.resume.session_settings import OF_THE_MACHINE, OF_THE_STACK, asked_of
from indistack.store.held_files import held_bytes
from indistack.store.session_folders import SessionFolders, can_be_written
from indistack.store.session_reader import PastSession
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

SAME_NIGHT = timedelta(hours=8)
"""Longest pause within a night, and shorter than any day between two: nobody need know where on Earth this is."""


def session_to_go_on(sessions: SessionFolders, config: Config, now: datetime) -> PastSession | None:
    """Return what is gone on with, None where a new stack begins; why that is so is told where it may surprise.

    Parameters
    ----------
    sessions : SessionFolders
        Of the output folder.
    config : Config
        As asked for now: a stack that was made otherwise is left as it is.
    now : datetime
        A session whose last line is older than `SAME_NIGHT` is of another night.
    """
    past = sessions.past() or _last(sessions)
    if past is not None and not can_be_written(past.folder):
        log.warning("a new stack begins, %s stays as it is: it belongs to another user", past.folder.name)
        return None
    if past is None or past.folder == sessions.open_one():
        return past
    if past.last_time is None or abs(now - past.last_time) > SAME_NIGHT:  # a clock may have been set meanwhile
        return None
    why_not = _hindrance(past, config)
    if why_not:
        log.info("a new stack begins, %s stays as it is: %s", past.folder.name, why_not)
        return None
    return past


def must_be_named(sessions: SessionFolders, config: Config) -> bool:
    """Tell whether the last stack was asked for otherwise than now: a start goes on with it only where told to."""
    past = _last(sessions)
    try:
        return past is not None and any(_differences(asked_of(past), config))
    except SettingsError:
        return False


def reports_of_the_night(sessions: SessionFolders, past: PastSession) -> Iterator[SubReport]:
    """Yield the reports of a session and of those before it in its night: their files have been dealt with."""
    yield from past.reports()
    begun = past.first_time
    every = sessions.all()
    place = [folder.name for folder in every].index(past.folder.name)
    for folder in reversed(every[:place]):
        before = _read(folder)
        if before is None or begun is None or before.last_time is None or begun - before.last_time > SAME_NIGHT:
            return
        yield from before.reports()
        begun = before.first_time


def _last(sessions: SessionFolders) -> PastSession | None:
    every = sessions.all()
    return _read(every[-1]) if every else None


def _read(folder: Path) -> PastSession | None:
    try:
        return PastSession(folder)
    except StackError as error:
        log.debug("%s", error)
        return None


def _hindrance(past: PastSession, config: Config) -> str:
    """Return why a session cannot be gone on with, "" where it can."""
    if not held_bytes(past.folder) and not past.has_originals:
        return "of its subs nothing is kept (spool.keep)"
    try:
        differing = list(_differences(asked_of(past), config))
    except SettingsError as error:
        return f"its settings cannot be read: {error}"
    return f"other settings are asked for ({', '.join(differing)}); --continue last goes on" if differing else ""


def _differences(kept: Config, asked: Config) -> Iterator[str]:
    """Yield the names of settings that pixels depend on and that differ; further stacks may have been begun by hand."""
    for table in ("stack", *OF_THE_STACK):
        was, wanted = getattr(kept, table), getattr(asked, table)
        if table == "branches":
            yield from (f"branches.{name}" for name in wanted if was.get(name) != wanted[name])
            continue
        names = [name for name in type(wanted).model_fields if table != "stack" or name not in OF_THE_MACHINE]
        yield from (f"{table}.{name}" for name in names if getattr(was, name) != getattr(wanted, name))
