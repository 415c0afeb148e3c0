"""Raw subs on the disk: whole, bounded, told of when they are lost."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest

from indistack.errors import FrameError
from indistack.store import spool as module
from indistack.store.checkpoint import CheckpointSettings, State
from indistack.store.held_files import held_bytes
from indistack.store.journal import Journal
from indistack.store.session_reader import PastSession
from indistack.store.session_record import RecordSettings, SessionRecord
from indistack.store.spool import Spool, SpoolSettings
from indistack.store.spooled import read_spooled
from indistack.values.blob import Blob, Content
from indistack.values.sub_parts import Decision
from indistack.values.sub_report import SubReport

NO_RESERVE = SpoolSettings(min_free_gb=0)
CARDS = (("EXPTIME", 3.0, "s"), ("GAIN", 7, ""))


def blob(data: bytes = b"0123456789", path: Path | None = None, suffix: str = ".fits") -> Blob:
    received = datetime(2024, 1, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Blob(Content(data), suffix, "camera", "camera.CCD1", received, path, cards=CARDS)


@pytest.fixture
def not_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files of the test count as files that stay."""
    monkeypatch.setattr(module, "TEMPORARY", ())
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/nowhere")


@pytest.mark.parametrize("suffix", [".fits", ".fits.fz", "", ".json", "/../x", ".fits" + "x" * 300, ".a\0b"])
def test_a_blob_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    taken = Spool(tmp_path / "spool", NO_RESERVE).take(blob(suffix=suffix))
    assert taken.spooled is not None
    found, sent = read_spooled(tmp_path / "spool", taken.spooled.name), blob(suffix=suffix)
    assert found.data == sent.data
    assert replace(found, content=sent.content) == sent
    assert sorted(path.parent for path in tmp_path.rglob("*.*")) == [tmp_path / "spool"] * 2


def test_bytes_that_are_let_go_of_come_from_the_spool(tmp_path: Path) -> None:
    sent = blob()
    taken = Spool(tmp_path / "spool", NO_RESERVE).take(sent)
    taken.content.let_go()
    assert taken.data == sent.data == b"0123456789"
    for path in (tmp_path / "spool").glob("*.fits"):
        path.unlink()
    with pytest.raises(OSError, match="No such file"):
        taken.content.read()
    assert sent.data == b"0123456789"  # who sent it has not asked for that


@pytest.mark.usefixtures("not_temporary")
def test_of_a_file_that_stays_only_the_place_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "sub.fits"
    file.write_bytes(b"0123456789")
    taken = Spool(tmp_path / "spool", NO_RESERVE).take(blob(path=file))
    assert taken.spooled is not None
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".json"]
    assert read_spooled(tmp_path / "spool", taken.spooled.name).data == b"0123456789"
    file.write_bytes(b"012345678X")
    with pytest.raises(FrameError, match="not what was received"):
        read_spooled(tmp_path / "spool", taken.spooled.name)


def test_a_file_below_a_temporary_place_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEMPORARY", (str(tmp_path),))
    Spool(tmp_path / "spool", NO_RESERVE).take(blob(path=tmp_path / "sub.fits"))
    assert len(list((tmp_path / "spool").glob("*.fits"))) == 1


def test_what_was_not_all_written_is_dropped(tmp_path: Path) -> None:
    before = Spool(tmp_path, NO_RESERVE)
    names = [taken.name for _ in range(3) if (taken := before.take(blob()).spooled)]
    (tmp_path / f"{names[1]}.fits").unlink()
    after = Spool(tmp_path, NO_RESERVE)
    assert after.left() == [names[0], names[2]]
    assert len(list(tmp_path.iterdir())) == 4
    taken = after.take(blob()).spooled
    assert taken is not None
    assert taken.name not in names


@pytest.mark.parametrize("settings", [SpoolSettings(max_gb=25e-9, min_free_gb=0), SpoolSettings(min_free_gb=1e9)])
def test_without_room_the_oldest_material_goes_first(
    tmp_path: Path, settings: SpoolSettings, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []
    spool = Spool(tmp_path, settings, lambda: asked.append(1) or 0)
    taken = [spool.take(blob()) for _ in range(4)]
    assert len(asked) == sum(one.spooled is None for one in taken) > 0
    assert caplog.text.count("would cost them") == 1


def test_room_that_was_made_is_used(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SpoolSettings(max_gb=25e-9, min_free_gb=0), lambda: 10)
    spool.count_anew(sessions_bytes=20)
    assert spool.take(blob()).spooled is not None


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("keep", ["all", "stacked", "none"])
def test_the_count_is_what_is_on_the_disk(tmp_path: Path, keep: Literal["all", "stacked", "none"]) -> None:
    session = tmp_path / "session"
    session.mkdir()
    spool = Spool(tmp_path / "spool", NO_RESERVE)
    names = [taken.name for _ in range(3) if (taken := spool.take(blob()).spooled)]
    assert spool.use.n_bytes == on_disk(tmp_path)
    kept = SpoolSettings(min_free_gb=0, keep=keep)
    settings = RecordSettings(kept, CheckpointSettings(interval_s=0), "")
    record = SessionRecord.begin(session, settings, spool, State(0))
    record.add(SubReport(decision=Decision(1, datetime.now(UTC), "refused")), np.arange(7, dtype=np.intp))
    record.take_over(names[0], 1)
    spool.forget(names[1])
    for n_values in (10, 500, 20):  # over the older one of the two each time
        record.checkpoints.write(State(1, arrays={"values": np.zeros(n_values)}))
    record.checkpoints.wait()
    assert spool.use.n_bytes == held_bytes(session) + on_disk(tmp_path / "spool")
    record.close(State(1))
    assert spool.use.n_bytes == held_bytes(session) + on_disk(tmp_path / "spool")
    after = Spool(tmp_path / "spool", NO_RESERVE)
    after.count_anew(held_bytes(session))
    assert after.use.n_bytes == spool.use.n_bytes


def test_what_a_killed_agent_left_half_written_is_not_counted_once_it_is_swept(tmp_path: Path) -> None:
    session = tmp_path / "sessions" / "20240101-000000_M31_001"
    for folder in (tmp_path / "spool", session / "subs", session / "checkpoints"):
        folder.mkdir(parents=True)
        (folder / ".a.npz.1.tmp").write_bytes(bytes(50))
    (session / "checkpoints" / "a.npz").write_bytes(bytes(30))
    (session / "ledger.jsonl").write_text("{}\n")
    settings = RecordSettings(NO_RESERVE, CheckpointSettings(), "")
    journal = Journal(tmp_path, settings, lambda: datetime(2024, 1, 1, tzinfo=UTC), PastSession(session))
    journal.open()
    assert journal.record is not None
    journal.record.ledger.close()
    assert journal.spool.use.n_bytes == 30


def test_a_file_that_is_written_only_in_part_is_counted_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    spool = Spool(tmp_path / "spool", NO_RESERVE)
    monkeypatch.setattr("indistack.system.atomic.sync_folder", full)
    assert spool.take(blob()).spooled is None
    assert spool.use.n_bytes == on_disk(tmp_path) == 0


def test_sources_at_once_do_not_go_beyond_the_bound(tmp_path: Path) -> None:
    one = Spool(tmp_path / "one", NO_RESERVE)
    one.take(blob())
    each = one.use.n_bytes
    spool = Spool(tmp_path / "spool", SpoolSettings(max_gb=(4 * each + 20) / 1e9, min_free_gb=0))
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: spool.take(blob()), range(24)))
    names = [each.spooled.name for each in taken if each.spooled is not None]
    assert len(names) == len(set(names)) == 4
    assert on_disk(tmp_path / "spool") == spool.use.n_bytes


@pytest.mark.parametrize(("sessions_bytes", "kept"), [(999_000_000, True), (1_000_000_000, False)])
def test_a_gigabyte_is_a_thousand_million_bytes(tmp_path: Path, sessions_bytes: int, kept: bool) -> None:
    spool = Spool(tmp_path, SpoolSettings(max_gb=1, min_free_gb=0))
    spool.use.add(sessions_bytes)
    assert (spool.take(blob()).spooled is not None) is kept


def test_a_move_that_a_power_cut_ends_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool", NO_RESERVE)
    taken = spool.take(blob())
    assert taken.spooled is not None
    moved, rename = [], Path.rename

    def once(path: Path, target: Path) -> Path:
        if moved:
            raise OSError("the power is gone")
        moved.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(OSError, match="power"):
        spool.move(taken.spooled.name, tmp_path / "subs", "000001")
    monkeypatch.undo()
    again = Spool(tmp_path / "spool", NO_RESERVE)
    assert again.names == [taken.spooled.name]
    again.move(taken.spooled.name, tmp_path / "subs", "000001")
    assert read_spooled(tmp_path / "subs", "000001").data == b"0123456789"


@pytest.mark.parametrize(("free_bytes", "kept"), [(1_000_010_000, True), (1_000_000_009, False)])
def test_the_disk_keeps_what_is_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, kept: bool
) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))
    assert (Spool(tmp_path, SpoolSettings(min_free_gb=1)).take(blob()).spooled is not None) is kept


def test_no_move_replaces_a_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", NO_RESERVE)
    taken = spool.take(blob())
    assert taken.spooled is not None
    (tmp_path / "000001.fits").write_bytes(b"another")
    with pytest.raises(FileExistsError, match=r"000001\.fits"):
        spool.move(taken.spooled.name, tmp_path, "000001")
    assert (tmp_path / "000001.fits").read_bytes() == b"another"
    assert spool.read(taken.spooled.name).data == b"0123456789"


def test_a_name_of_bytes_without_facts_is_not_given_again(tmp_path: Path) -> None:
    (tmp_path / "00000007.fits").write_bytes(b"another")
    taken = Spool(tmp_path, NO_RESERVE).take(blob())
    assert taken.spooled is not None
    assert taken.spooled.name == "00000008"
