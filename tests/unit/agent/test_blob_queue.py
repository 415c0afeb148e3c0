"""Order kept, memory bounded, nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from indistack.agent.blob_queue import BlobQueue
from indistack.commands import NewStack
from indistack.store.spool import Spool, SpoolSettings
from indistack.values.blob import Blob, Content

SETTINGS = SpoolSettings(min_free_gb=0)


def blob(data: bytes, path: Path | None = None) -> Blob:
    return Blob(Content(data), ".fits", "camera", "camera.CCD1", datetime(2024, 1, 1, tzinfo=UTC), path)


def queue_of(max_bytes: int, folder: Path, keeps_all: bool = False) -> BlobQueue:
    return BlobQueue(max_bytes, Spool(folder / "spool", SETTINGS), keeps_all)


def got(queue: BlobQueue) -> Blob:
    item = queue.get(0)
    assert isinstance(item, Blob)
    return item


def test_blobs_and_commands_keep_their_order(tmp_path: Path) -> None:
    queue = queue_of(1000, tmp_path)
    items = [blob(b"a"), NewStack(), blob(b"b")]
    for item in items:
        queue.put(item)
    assert [queue.get(0) for _ in range(3)] == items
    assert queue.get(0) is None


def test_a_frame_is_on_the_disk_before_its_turn(tmp_path: Path) -> None:
    queue = queue_of(1000, tmp_path, keeps_all=True)
    queue.put(blob(b"0123456789"))
    (kept,) = (tmp_path / "spool").glob("*.fits")
    assert kept.read_bytes() == b"0123456789"
    item = got(queue)
    assert item.spooled is not None
    assert item.spooled.name == kept.stem


def test_what_does_not_fit_in_memory_waits_on_disk_and_comes_back_whole(tmp_path: Path) -> None:
    queue = queue_of(25, tmp_path)
    sent = [bytes([n]) * 10 for n in range(6)]
    for data in sent:
        queue.put(blob(data))
    assert len(list((tmp_path / "spool").glob("*.fits"))) == 4
    items = [got(queue) for _ in sent]
    assert [bytes(item.data) for item in items] == sent
    assert {item.path for item in items} == {None}


def test_a_frame_that_is_a_file_is_not_written_twice(tmp_path: Path) -> None:
    file = tmp_path / "sub.fits"
    file.write_bytes(b"0123456789")
    queue = queue_of(5, tmp_path)
    queue.put(blob(b"0123456789", file))
    assert not (tmp_path / "spool").exists()
    item = got(queue)
    assert bytes(item.data) == b"0123456789"
    assert item.path == file


def test_a_file_that_vanished_while_it_waited_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "sub.fits"
    file.write_bytes(b"0123456789")
    queue = queue_of(5, tmp_path)
    queue.put(blob(b"0123456789", file))
    file.unlink()
    assert "No such file" in got(queue).fault


def test_a_spooled_frame_that_vanished_is_told_of(tmp_path: Path) -> None:
    queue = queue_of(5, tmp_path)
    queue.put(blob(b"0123456789"))
    for path in (tmp_path / "spool").glob("*.fits"):
        path.unlink()
    assert "No such file" in got(queue).fault


def test_a_disk_that_cannot_be_written_costs_no_frame(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    queue = queue_of(5, tmp_path)
    queue.put(blob(b"0123456789"))
    assert bytes(got(queue).data) == b"0123456789"


def test_what_an_earlier_run_has_left_comes_first(tmp_path: Path) -> None:
    queue_of(1000, tmp_path, keeps_all=True).put(blob(b"first"))
    spool = Spool(tmp_path / "spool", SETTINGS)
    queue = BlobQueue(1000, spool)
    for name in spool.left():
        queue.put_spooled(name)
    queue.put(blob(b"second"))
    items = [got(queue), got(queue)]
    assert [bytes(item.data) for item in items] == [b"first", b"second"]
    assert len({item.spooled.name for item in items if item.spooled}) == 2


def test_what_was_fetched_makes_room_for_what_comes(tmp_path: Path) -> None:
    queue = queue_of(25, tmp_path)
    for _ in range(3):
        for data in (b"0123456789", b"9876543210"):
            queue.put(blob(data))
        assert [bytes(got(queue).data) for _ in range(2)] == [b"0123456789", b"9876543210"]
    assert not (tmp_path / "spool").exists()
