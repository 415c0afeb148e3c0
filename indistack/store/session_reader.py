"""A session read back: its lines, and its raw subs as they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from indistack.errors import FrameError, IndistackError
from indistack.sources import stamp_of
from indistack.store.entries import Line, Written
from indistack.store.ledger import read_lines
from indistack.store.spooled import read_spooled
from indistack.values.blob import Blob
from indistack.values.frame import IndexArray
from indistack.values.outcome import Accepted, Refused, Restarted

SETTINGS = "settings.toml"
SUBS = "subs"
"""Folder of a session with its raw subs."""

STACKED = (Accepted.word, Restarted.word)
LIGHTS = (*STACKED, Refused.word)

REMOVED, READMITTED, LOST, BRANCH, DROPPED = "removed", "readmitted", "lost", "branch", "dropped"
"""Words of the lines that are not a blob's."""


class PastSession:
    """What is on the disk of a session.

    Parameters
    ----------
    folder : Path
        The session's.

    Raises
    ------
    StackError
        There is no ledger.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[dict[str, Any]] = read_lines(folder)

    @cached_property
    def last_number(self) -> int:
        """Highest number of a blob's line."""
        return max((line.get("number", 0) for line in self.lines), default=0)

    @property
    def n_lights(self) -> int:
        """How many subs have a line."""
        return sum(line.get("outcome") in LIGHTS for line in self.lines)

    def spooled(self) -> dict[tuple[str, str, str], int]:
        """Return the numbers of the subs by their names in the spool, and when and whence they came."""
        lines = [line for line in self.lines if line.get("spooled")]
        return {(line["spooled"], line["received"], line["origin"]): line["number"] for line in lines}

    def line(self, number: int) -> Line:
        """Return the line of a sub that was stacked.

        Raises
        ------
        IndistackError
            There is none.
        """
        for line in self.lines:
            if line.get("number") == number and line.get("outcome") in LIGHTS:
                if line["outcome"] in STACKED:
                    return line
                raise IndistackError(f"sub {number} is not in the stack: it was refused ({line['reason']})")
        raise IndistackError(f"{self.folder.name} has no sub {number}")

    def written(self, number: int) -> Written:
        """Return what the line of a stacked sub says, less the stacks that were begun or ended since."""
        changed = {line["name"] for line in self._after(number) if line.get("outcome") in (BRANCH, DROPPED)}
        written = Written.of(self.line(number))
        return written.without(changed)

    def is_in(self, number: int) -> bool:
        """Tell whether a stacked sub still is in the stack."""
        fates = [line["outcome"] for line in self.events() if line.get("number") == number]
        return not fates or fates[-1] == READMITTED

    def events(self) -> Iterator[Line]:
        """Return what befell subs after they were stacked."""
        return (line for line in self.lines if line.get("outcome") in (REMOVED, READMITTED, LOST))

    def blob(self, number: int) -> Blob:
        """Return a raw sub; see `read_spooled`."""
        return read_spooled(self.folder / SUBS, sub_name(number))

    def mended(self, written: Written) -> IndexArray:
        """Return the pixels that were found bad in a sub; raise FrameError ``lost`` where that is not known."""
        if not written.mended:
            return np.empty(0, np.intp)
        path = self.folder / SUBS / mended_name(written.mended)
        try:
            return np.asarray(np.load(path, allow_pickle=False), np.intp)
        except (OSError, EOFError, ValueError) as error:
            raise FrameError("lost", f"{path}: {error}") from error

    def before(self, line: Line) -> PastSession:
        """Return the session as it was when a line of it was written."""
        earlier = copy(self)
        earlier.lines = self.lines[: next(place for place, one in enumerate(self.lines) if one is line)]
        return earlier

    def _after(self, number: int) -> list[dict[str, Any]]:
        places = [place for place, line in enumerate(self.lines) if line.get("number") == number]
        return self.lines[places[0] + 1 :] if places else []


def sub_name(number: int) -> str:
    """Return the name of a raw sub in its session."""
    return f"{number:06d}"


def mended_name(number: int) -> str:
    """Return the file with the bad pixels of the sub of that number, and of those after it that have the same."""
    return f"mended-{number:06d}.npy"


class FileStamps:
    """Recognises files that have been dealt with.

    Parameters
    ----------
    lines : iterable of mapping
        Of a ledger.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._modified_ns = {line["path"]: line.get("modified_ns") for line in lines if line.get("path")}

    def has(self, path: Path) -> bool:
        """Tell whether the file that is there now has a line."""
        known, stamp = self._modified_ns.get(str(path)), stamp_of(path)
        return known is not None and stamp is not None and stamp.modified_ns == known
