"""Room for newer subs: what can be made again goes first, a raw sub only where the user has said so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.store import spool as spool_module
from indistack.store.checkpoint import CheckpointSettings
from indistack.store.journal import Journal
from indistack.store.ledger import Ledger
from indistack.store.line_writer import as_line
from indistack.store.room import Room
from indistack.store.session_folders import SessionFolders
from indistack.store.session_record import RecordSettings
from indistack.store.spool import SpoolSettings
from indistack.values.blob import Blob, Content
from indistack.values.sub_parts import Arrival, Decision
from indistack.values.sub_report import SubReport

NOW = datetime(2024, 1, 1, tzinfo=UTC)
FULL = SpoolSettings(min_free_gb=1e9)
RAW, STATE = 100, 1000
ARRIVAL = Arrival(NOW, "", "a.fits", "camera", ".fits", RAW)


@pytest.fixture
def folders(tmp_path: Path) -> SessionFolders:
    return SessionFolders(tmp_path)


def session(folders: SessionFolders, stacked: int = 3, kept: int = 3) -> Path:
    """Leave a finished session with lines for some subs, and the bytes of some."""
    folder = folders.begin(NOW, "M31")
    ledger = Ledger(folder)
    for number in range(1, stacked + 1):
        ledger.append(as_line(SubReport(ARRIVAL, Decision(number, NOW, "accepted"))))
    ledger.close()
    for name in ("subs", "checkpoints"):
        (folder / name).mkdir()
    for number in range(1, stacked + 1):
        (folder / "subs" / f"{number:06d}.json").write_bytes(bytes(RAW))
    for number in range(1, kept + 1):
        (folder / "subs" / f"{number:06d}.fits").write_bytes(bytes(RAW))
    for name in ("start.npz", "a.npz"):
        (folder / "checkpoints" / name).write_bytes(bytes(STATE))
    folders.end()
    return folder


def files(folder: Path) -> set[str]:
    return {path.name for place in ("subs", "checkpoints") for path in (folder / place).glob("*")}


def test_a_state_that_can_be_made_again_goes_and_nothing_else(folders: SessionFolders) -> None:
    whole = session(folders)
    before = files(whole)
    room = Room(folders, gives_raw=False)
    assert room.make() == STATE
    assert files(whole) == before - {"a.npz"}
    assert room.make() == 0
    assert files(whole) == before - {"a.npz"}


@pytest.mark.parametrize(("stacked", "kept"), [(3, 2), (0, 0), (3, 0)])
def test_a_state_is_kept_where_it_is_all_that_is_left_of_a_sub(
    folders: SessionFolders, stacked: int, kept: int
) -> None:
    before = files(old := session(folders, stacked, kept))
    assert Room(folders, gives_raw=False).make() == 0
    assert files(old) == before


def test_a_state_is_kept_where_a_line_is_damaged(folders: SessionFolders) -> None:
    old = session(folders)
    ledger = old / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"received"', '"recieved"', 1))
    assert Room(folders, gives_raw=False).make() == 0


def test_the_open_session_keeps_its_state(folders: SessionFolders) -> None:
    folders.reopen(running := session(folders))
    assert Room(folders, gives_raw=True).make() == 0
    assert "a.npz" in files(running)


def test_where_the_user_has_said_so_raw_subs_go_after_all_states(folders: SessionFolders) -> None:
    first, second = session(folders), session(folders)
    room = Room(folders, gives_raw=True)
    assert room.count() == room.spare_bytes == 2 * (6 * RAW + 2 * STATE)
    assert [room.make() for _ in range(5)] == [STATE, STATE, 6 * RAW + STATE, 6 * RAW + STATE, 0]
    assert files(first) == files(second) == set()
    assert room.spare_bytes == 0


def frame() -> Blob:
    return Blob(Content(b"0123456789"), ".fits", "camera", "camera.CCD1", NOW)


@pytest.mark.parametrize("settings", [FULL, SpoolSettings(enabled=False, min_free_gb=1e9)])
def test_on_a_full_disk_no_older_sub_is_removed_unasked(
    tmp_path: Path, folders: SessionFolders, settings: SpoolSettings
) -> None:
    old = session(folders)
    journal = Journal(tmp_path, RecordSettings(settings, CheckpointSettings(), ""), lambda: NOW)
    journal.open()
    assert journal.spool.take(frame()).spooled is None
    assert {name for name in files(old) if name.endswith((".fits", ".json"))} == {
        f"{number:06d}{suffix}" for number in (1, 2, 3) for suffix in (".fits", ".json")
    }
    assert "--prune raw --older-than" in journal.spool.fault
    assert journal.left_bytes() < 0


def test_beyond_a_bound_that_the_user_has_set_the_oldest_go(tmp_path: Path, folders: SessionFolders) -> None:
    old, bound = session(folders), 2000e-9
    settings = SpoolSettings(max_gb=bound, min_free_gb=0)
    journal = Journal(tmp_path, RecordSettings(settings, CheckpointSettings(), ""), lambda: NOW)
    journal.open()
    assert journal.left_bytes() == pytest.approx(2000)  # all that is held is spare
    assert journal.spool.take(frame()).spooled is not None
    assert "000001.fits" in files(old)  # its state was enough
    while "000001.fits" in files(old):
        assert journal.spool.take(frame()).spooled is not None


def test_the_fault_goes_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    spool = spool_module.Spool(tmp_path, SpoolSettings(max_gb=400e-9, min_free_gb=0))
    spool.use.add(400)
    assert spool.take(frame()).spooled is None
    assert spool.fault == "this stack alone has reached spool.max_gb (4e-07 GB)"
    spool.use.add(-400)
    assert spool.take(frame()).spooled is not None
    assert not spool.fault
    assert "subs are kept again" in caplog.text
