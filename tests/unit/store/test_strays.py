"""Raw subs that were not moved when their session ended are moved by the next start, and not stacked once more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indistack.store import session_record
from indistack.store.checkpoint import CheckpointSettings, State
from indistack.store.journal import Journal
from indistack.store.session_folders import SessionFolders
from indistack.store.session_record import RecordSettings
from indistack.store.spool import Spool, SpoolSettings
from indistack.values.blob import Blob, Content
from indistack.values.sub_parts import Arrival, Decision
from indistack.values.sub_report import SubReport

NOW = datetime(2024, 1, 1, 21, 0, 0, tzinfo=UTC)
SETTINGS = RecordSettings(SpoolSettings(min_free_gb=0), CheckpointSettings(), "")


def journal_of(folder: Path) -> Journal:
    return Journal(folder, SETTINGS, lambda: NOW)


def frame(number: int) -> Blob:
    return Blob(Content(b"frame %d" % number), ".fits", "camera", f"{number}.fits", NOW)


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session of two subs, which has ended on a disk that would not take a folder any more."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    journal = journal_of(tmp_path)
    journal.open()
    with monkeypatch.context() as patch:
        patch.setattr(session_record.SessionRecord, "take_over", lambda *_: None)
        patch.setattr(Spool, "move", full)
        for number in (1, 2):
            blob = journal.spool.take(frame(number))
            report = SubReport(Arrival.of(blob), Decision(number, NOW, "accepted"))
            journal.add(report, blob, np.empty(0, np.intp), SETTINGS, State(0))
        journal.end(State)
    assert len(list((tmp_path / "spool").glob("*.fits"))) == 2
    return SessionFolders(tmp_path).all()[0]


def test_they_come_home(tmp_path: Path, stuck: Path) -> None:
    journal = journal_of(tmp_path)
    journal.spool.take(frame(3))  # of this one no line tells
    left = journal_of(tmp_path).open()
    assert [path.name for path in sorted((stuck / "subs").glob("*.fits"))] == ["000001.fits", "000002.fits"]
    assert (stuck / "subs" / "000002.fits").read_bytes() == b"frame 2"
    assert left == ["00000003"]
    assert [path.name for path in (tmp_path / "spool").glob("*.fits")] == ["00000003.fits"]


def test_where_the_disk_is_still_full_they_wait(
    tmp_path: Path, stuck: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "move", full)
        assert journal_of(tmp_path).open() == []
    assert caplog.text.count("a raw sub stays in the spool") == 2
    assert journal_of(tmp_path).open() == []
    assert len(list((stuck / "subs").glob("*.fits"))) == 2


@pytest.mark.parametrize("change", [lambda one: one.unlink(), lambda one: one.write_text("no line\n")])
def test_without_their_lines_they_are_stacked_again(
    tmp_path: Path, stuck: Path, change: Callable[[Path], object]
) -> None:
    change(stuck / "ledger.jsonl")
    assert journal_of(tmp_path).open() == ["00000001", "00000002"]
