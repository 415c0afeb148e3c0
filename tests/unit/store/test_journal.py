"""What is kept on the disk so that nothing is lost."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.errors import StackError
from indistack.store.checkpoint import CheckpointSettings, State
from indistack.store.journal import Journal
from indistack.store.session_record import RecordSettings, SessionRecord
from indistack.store.spool import SpoolSettings

SETTINGS = RecordSettings(SpoolSettings(min_free_gb=0), CheckpointSettings(interval_s=0, duty=1), "")


def full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_no_checkpoint_counts_lines_that_the_disk_has_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, SETTINGS, lambda: datetime(2024, 1, 1, tzinfo=UTC))
    journal.open()
    record = journal.record = SessionRecord.begin(tmp_path, SETTINGS, journal.spool, State(0))
    asked: list[int] = []

    def state_after(lines: int) -> State:
        asked.append(lines)
        return State(lines)

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(StackError):
            record.ledger.append({"number": 1})
    journal.checkpoint(state_after)
    assert asked == []
    record.ledger.append({"number": 2})
    journal.checkpoint(state_after)
    assert asked == [2]
    record.checkpoints.wait()
    record.ledger.close()
