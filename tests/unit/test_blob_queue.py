"""Order kept, memory bounded, nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from indistack.blob_queue import BlobQueue
from indistack.commands import Reset
from indistack.frame import Blob


def blob(data: bytes, path: Path | None = None) -> Blob:
    return Blob(data, ".fits", "camera", "camera.CCD1", datetime(2024, 1, 1, tzinfo=UTC), path)


def test_blobs_and_commands_keep_their_order(tmp_path: Path) -> None:
    queue = BlobQueue(1000, tmp_path / "spool")
    items = [blob(b"a"), Reset(), blob(b"b")]
    for item in items:
        queue.put(item)
    assert [queue.get(0) for _ in range(3)] == items
    assert queue.get(0) is None


def test_what_does_not_fit_in_memory_waits_on_disk_and_comes_back_whole(tmp_path: Path) -> None:
    queue = BlobQueue(25, tmp_path / "spool")
    sent = [bytes([n]) * 10 for n in range(6)]
    for data in sent:
        queue.put(blob(data))
    assert len(list((tmp_path / "spool").iterdir())) == 4
    got = [queue.get(0) for _ in sent]
    assert [bytes(item.data) for item in got if isinstance(item, Blob)] == sent
    assert {item.path for item in got if isinstance(item, Blob)} == {None}
    assert not list((tmp_path / "spool").iterdir())


def test_a_frame_that_is_a_file_is_not_written_twice(tmp_path: Path) -> None:
    file = tmp_path / "sub.fits"
    file.write_bytes(b"0123456789")
    queue = BlobQueue(5, tmp_path / "spool")
    queue.put(blob(b"0123456789", file))
    assert not (tmp_path / "spool").exists()
    got = queue.get(0)
    assert isinstance(got, Blob)
    assert bytes(got.data) == b"0123456789"
    assert got.path == file
    assert file.exists()


def test_a_file_that_vanished_while_it_waited_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "sub.fits"
    file.write_bytes(b"0123456789")
    queue = BlobQueue(5, tmp_path / "spool")
    queue.put(blob(b"0123456789", file))
    file.unlink()
    got = queue.get(0)
    assert isinstance(got, Blob)
    assert "No such file" in got.fault


def test_a_disk_that_cannot_be_written_costs_no_frame(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    queue = BlobQueue(5, tmp_path / "spool")
    queue.put(blob(b"0123456789"))
    got = queue.get(0)
    assert isinstance(got, Blob)
    assert bytes(got.data) == b"0123456789"
