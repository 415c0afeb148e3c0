"""Raw subs that have their line and are still in the spool: the disk was full when their session ended."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path

from indistack.errors import FrameError, StackError
from indistack.store.session_reader import PastSession
from indistack.store.spool import Spool
from indistack.store.sub_files import SUBS, sub_name

log = logging.getLogger(__name__)

LOOKED_BACK = 10
"""Sessions, newest first, whose ledgers are read for them."""


def bring_home(spool: Spool, sessions: Sequence[Path]) -> set[str]:
    """Move each to its session; return the names of all that have their line, moved or not.

    Parameters
    ----------
    spool : Spool
        What an earlier run has left there.
    sessions : sequence of Path
        Folders of the same output folder's sessions, oldest first.
    """
    keys = dict[tuple[str, str, str], str]()
    for name in spool.names:
        with contextlib.suppress(FrameError):  # nobody knows any more what it is
            keys[(name, *spool.whence(name))] = name
    told = set[str]()
    for folder in reversed(sessions[-LOOKED_BACK:] if keys else []):
        try:
            numbers = PastSession(folder).spooled()
        except StackError:
            continue
        for key in keys.keys() & numbers.keys():
            told.add(keys[key])
            try:
                spool.move(keys[key], folder / SUBS, sub_name(numbers[key]))
            except OSError as error:
                log.error("%s: a raw sub stays in the spool: %s", folder, error.strerror or error)
    return told
