"""A session read back: its lines, and its raw subs as they came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from indistack.errors import FrameError, IndistackError, StackError
from indistack.sources import read_blob
from indistack.store.entries import (
    BRANCH,
    DROPPED,
    LOST,
    READMITTED,
    REMOVED,
    STACKED,
    Damaged,
    Entry,
    Event,
    Written,
)
from indistack.store.line_reader import read_entries
from indistack.store.spooled import read_facts, read_spooled
from indistack.store.sub_files import SUBS, sub_name
from indistack.values.blob import Blob, Content, Spooled
from indistack.values.frame import IndexArray
from indistack.values.outcome import Refused
from indistack.values.sub_parts import Arrival
from indistack.values.sub_report import SubReport

SETTINGS, ASKED = "settings.toml", "asked.toml"
"""What a session was begun with, and what its agent was started with where a person has changed that."""

SUB = re.compile(r"(\d{6,})\.")
"""What the files of a raw sub begin with."""

LIGHTS = (*STACKED, Refused.word)


class PastSession:
    """What is on the disk of a session: lines, and raw subs, which may be there although their lines are lost.

    Parameters
    ----------
    folder : Path
        The session's.

    Raises
    ------
    StackError
        There is neither a ledger nor a raw sub.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = kept_numbers(folder)
        try:
            self.entries: list[Entry] = read_entries(folder)
        except StackError:
            if not self.kept:
                raise
            self.entries = []

    def reports(self) -> Iterator[SubReport]:
        """Return the reports of all blobs, in order."""
        return (entry for entry in self.entries if isinstance(entry, SubReport))

    def lights(self) -> Iterator[SubReport]:
        """Return those of the subs."""
        return (report for report in self.reports() if report.word in LIGHTS)

    @cached_property
    def last_number(self) -> int:
        """Highest number of a blob, by its line or its raw sub."""
        return max((*self.kept, *(entry.number or 0 for entry in self.entries)), default=0)

    def untold(self) -> list[int]:
        """Return the numbers of the raw subs that have no line which can be read, and were not taken out."""
        told = {report.number for report in self.reports()}
        return [number for number in self.kept if number not in told and self.is_in(number)]

    @property
    def n_certain(self) -> int:
        """How many lines say for certain what was stacked: those before damage that has cost a sub its line."""
        damaged = (place for place, entry in enumerate(self.entries) if isinstance(entry, Damaged))
        return next(damaged, len(self.entries)) if self.untold() else len(self.entries)

    @property
    def first_time(self) -> datetime | None:
        """When its first line was written (UTC); None where no line tells."""
        return next(self._times(), None)

    @property
    def last_time(self) -> datetime | None:
        """When its last line was written, by the clock of then: it may have been set back meanwhile."""
        return next(reversed(list(self._times())), None)

    @property
    def n_subs(self) -> int:
        """How many subs its lines leave in the stack."""
        return len(self.in_stack())

    def in_stack(self) -> list[int]:
        """Return the numbers of the subs that its lines leave in the stack, in order."""
        fates = {event.number: event.word for event in self.fates()}
        stacked = (report.number for report in self.reports() if report.word in STACKED)
        return [number for number in stacked if fates.get(number, READMITTED) == READMITTED]

    @property
    def n_lights(self) -> int:
        """How many subs have a line, or had one that is lost."""
        told = {entry.number for entry in self.entries if entry.word in LIGHTS}
        return sum(entry.word in LIGHTS for entry in self.entries) + len(set(self.untold()) - told)

    def spooled(self) -> dict[tuple[str, str, str], int]:
        """Return the numbers of the subs by their names in the spool, and when and whence they came."""
        arrived = ((report.arrival, report.number) for report in self.reports())
        return {
            (arrival.spooled, arrival.received.isoformat(timespec="milliseconds"), arrival.origin): number
            for arrival, number in arrived
            if arrival is not None and arrival.spooled
        }

    def stacked(self, number: int) -> SubReport:
        """Return the report of a sub that was stacked.

        Raises
        ------
        IndistackError
            There is none.
        """
        for report in self.lights():
            if report.number == number:
                if report.word in STACKED:
                    return report
                raise IndistackError(f"sub {number} is not in the stack: it was refused ({report.reason})")
        if any(entry.number == number and isinstance(entry, Damaged) for entry in self.entries):
            raise IndistackError(f"sub {number} has a damaged line")
        raise IndistackError(f"{self.folder.name} has no sub {number}")

    def newest(self) -> int:
        """Return the number of the last sub that was stacked and is in the stack; raise StackError without any."""
        stacked = [report.number for report in self.lights() if report.word in STACKED and self.is_in(report.number)]
        if not stacked:
            raise StackError("no sub is in the stack")
        return stacked[-1]

    def written(self, number: int) -> Written:
        """Return what the line of a stacked sub says, less the stacks that were begun or ended since."""
        changed = {event.name or "" for event in self._after(number) if event.word in (BRANCH, DROPPED)}
        return Written.of(self.stacked(number)).without(changed)

    def is_in(self, number: int) -> bool:
        """Tell whether a stacked sub still is in the stack."""
        fates = [event.word for event in self.fates() if event.number == number]
        return not fates or fates[-1] == READMITTED

    def fates(self) -> Iterator[Event]:
        """Return what befell subs after they were stacked."""
        return (entry for entry in self._events(self.entries) if entry.word in (REMOVED, READMITTED, LOST))

    def blob(self, number: int) -> Blob:
        """Return a raw sub as it is kept, else the file that it came from; see `read_spooled`."""
        try:
            return read_spooled(self.folder / SUBS, sub_name(number))
        except FrameError as error:
            arrivals = (report.arrival for report in self.reports() if report.number == number)
            if (arrival := next(arrivals, None)) is None:
                raise FrameError("lost", f"there is no sub {number} in {self.folder.name}") from error
            if not is_there(arrival):
                raise
        blob = read_blob(Path(arrival.path), arrival.device)
        return replace(blob, suffix=arrival.suffix, received=arrival.received)

    @property
    def has_originals(self) -> bool:
        """Whether the files that its subs came from are all there."""
        stacked = [report.arrival for report in self.lights() if report.word in STACKED]
        return bool(stacked) and all(arrival is not None and is_there(arrival) for arrival in stacked)

    def blob_to_tell(self, number: int) -> Blob:
        """Return a raw sub as it came, to be stacked as if new; one that is lost has a fault."""
        folder, name = self.folder / SUBS, sub_name(number)
        try:
            blob, modified_ns = read_spooled(folder, name), read_facts(folder, name)["modified_ns"]
        except FrameError as error:
            now = datetime.now(UTC)
            return Blob(Content(b""), "", "", f"sub {number}", now, fault=error.detail, spooled=Spooled(""))
        return replace(blob, spooled=Spooled("", modified_ns=modified_ns or None))

    def mended(self, written: Written) -> IndexArray:
        """Return the pixels that were found bad in a sub; raise FrameError ``lost`` where that is not known."""
        if not written.mended:
            return np.empty(0, np.intp)
        path = self.folder / SUBS / mended_name(written.mended)
        try:
            return np.asarray(np.load(path, allow_pickle=False), np.intp)
        except (OSError, EOFError, ValueError) as error:
            raise FrameError("lost", f"{path}: {error}") from error

    def before(self, entry: Entry) -> PastSession:
        """Return the session as it was when a line of it was written."""
        earlier = copy(self)
        earlier.entries = self.entries[: next(place for place, one in enumerate(self.entries) if one is entry)]
        return earlier

    def _times(self) -> Iterator[datetime]:
        for entry in self.entries:
            if isinstance(entry, Event):
                yield entry.time
            elif isinstance(entry, SubReport) and entry.decision is not None:
                yield entry.decision.time

    def _after(self, number: int) -> Iterator[Event]:
        places = [place for place, entry in enumerate(self.entries) if entry.number == number]
        return self._events(self.entries[places[0] + 1 :] if places else [])

    @staticmethod
    def _events(entries: Iterable[Entry]) -> Iterator[Event]:
        return (entry for entry in entries if isinstance(entry, Event))


def kept_numbers(session: Path) -> list[int]:
    """Return the numbers of the raw subs in a session's folder, in order."""
    names = (SUB.match(path.name) for path in (session / SUBS).glob("*"))
    return sorted({int(found[1]) for found in names if found})


def is_there(arrival: Arrival) -> bool:
    """Tell whether the file that a sub came from is there, of the same size and not written since."""
    try:
        file = Path(arrival.path).stat()
    except OSError:
        return False
    return file.st_size == arrival.size_bytes and file.st_mtime <= arrival.received.timestamp()


def mended_name(number: int) -> str:
    """Return the file with the bad pixels of the sub of that number, and of those after it that have the same."""
    return f"mended-{number:06d}.npy"
