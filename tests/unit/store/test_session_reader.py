"""What a session's lines say of its subs, and which files it knows."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.store.entries import LOST, READMITTED, REMOVED, Event
from indistack.store.file_stamps import FileStamps
from indistack.store.ledger import Ledger
from indistack.store.line_writer import as_line
from indistack.store.session_reader import PastSession
from indistack.values.sub_parts import Arrival, Decision
from indistack.values.sub_report import SubReport

NOW = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)
ARRIVAL = Arrival(NOW, "", "camera.CCD1", "camera", ".fits", 10)


def past_of(folder: Path, *events: tuple[str, int]) -> PastSession:
    """A session of two subs, and what befell them afterwards."""
    with closing(Ledger(folder)) as ledger:
        for number in (1, 2):
            ledger.append(as_line(SubReport(ARRIVAL, Decision(number, NOW, "accepted"))))
        for word, number in events:
            ledger.append(as_line(Event(word, NOW, number)))
    return PastSession(folder)


@pytest.mark.parametrize(
    ("words", "is_in"),
    [
        ((), True),
        ((REMOVED,), False),
        ((LOST,), False),
        ((REMOVED, READMITTED), True),
        ((REMOVED, READMITTED, REMOVED), False),
        ((REMOVED, READMITTED, REMOVED, READMITTED), True),
    ],
)
def test_the_last_that_befell_a_sub_says_whether_it_is_in(tmp_path: Path, words: tuple[str, ...], is_in: bool) -> None:
    past = past_of(tmp_path, *((word, 1) for word in words))
    assert past.is_in(1) is is_in
    assert past.n_subs == 1 + is_in
    assert past.is_in(2)


def test_before_a_line_is_without_that_line(tmp_path: Path) -> None:
    past = past_of(tmp_path, (REMOVED, 1), (READMITTED, 1))
    removed, readmitted = past.entries[2:]
    assert past.before(removed).is_in(1)
    assert not past.before(readmitted).is_in(1)
    assert past.is_in(1)


@pytest.mark.parametrize("changed_ns", [-1, 1])
def test_a_file_is_known_as_long_as_nobody_writes_it_again(tmp_path: Path, changed_ns: int) -> None:
    file, other = tmp_path / "sub.fits", tmp_path / "other.fits"
    file.write_bytes(b"0123456789")
    other.write_bytes(b"0123456789")
    written_ns = file.stat().st_mtime_ns
    came = replace(ARRIVAL, path=str(file), modified_ns=written_ns)
    stamps = FileStamps([SubReport(came), SubReport(ARRIVAL), SubReport()])
    assert stamps.has(file)
    assert not stamps.has(other)
    os.utime(file, ns=(written_ns, written_ns + changed_ns))
    assert not stamps.has(file)
    file.unlink()
    assert not stamps.has(file)
