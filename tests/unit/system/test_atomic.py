"""A file is there whole or not at all, and on the disk when it is said to be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from indistack.errors import SinkError
from indistack.system.atomic import atomic_file


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, bytes]]:
    """Give the names of what is synced, each with what readers see of ``file`` at that time."""
    calls: list[tuple[str, bytes]] = []

    def fsync(handle: int) -> None:
        held = b"".join(path.read_bytes() for path in tmp_path.glob(".file.*.tmp"))
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        calls.append((f"temporary with {held.decode()}" if held else name, (tmp_path / "file").read_bytes()))

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fsync)
    return calls


def test_its_bytes_are_on_the_disk_before_its_name_and_then_the_name(
    tmp_path: Path, synced: list[tuple[str, bytes]]
) -> None:
    with atomic_file(tmp_path / "file") as file:
        file.write(b"new")
    assert synced == [("temporary with new", b"old"), (tmp_path.name, b"new")]


def test_files_that_are_rewritten_all_the_time_do_not_wait(tmp_path: Path, synced: list[tuple[str, bytes]]) -> None:
    with atomic_file(tmp_path / "file", durable=False) as file:
        file.write(b"new")
    assert synced == []
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_disk_that_does_not_take_it_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SinkError, match=r"file: No space left"), atomic_file(tmp_path / "file") as file:
        file.write(b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_nobody_can_lay_a_link_where_it_will_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / ".file.guessed.tmp").symlink_to(victim)
    with pytest.raises(SinkError), atomic_file(tmp_path / "file") as file:
        file.write(b"theirs")
    assert victim.read_bytes() == b"mine"


def test_no_two_have_the_same_name_before_they_are_whole(tmp_path: Path) -> None:
    names = set()
    for _ in range(10):
        with atomic_file(tmp_path / "file", durable=False):
            names |= {path.name for path in tmp_path.glob(".*.tmp")}
    assert len(names) == 10


def test_a_link_that_has_its_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "file").symlink_to(victim)
    with atomic_file(tmp_path / "file") as file:
        file.write(b"new")
    assert (victim.read_bytes(), (tmp_path / "file").is_symlink()) == (b"mine", False)


def test_a_disk_that_has_become_read_only_is_told_of_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, not even a file that is not there can be removed."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SinkError, match="file: Read-only file system"), atomic_file(tmp_path / "file"):
        pass
