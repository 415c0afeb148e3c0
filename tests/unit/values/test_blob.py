"""The bytes of a blob: freed for all, where they can be had again."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indistack.values.blob import Blob, Content


def blob_of(content: Content) -> Blob:
    return Blob(content, ".fits", "camera", "camera.CCD1", datetime(2024, 1, 1, tzinfo=UTC))


def test_bytes_that_stand_on_the_disk_are_freed_for_all_who_hold_the_blob(tmp_path: Path) -> None:
    path = tmp_path / "sub.fits"
    path.write_bytes(b"abc")
    memory = np.frombuffer(b"abc", np.uint8).copy()
    freed = weakref.ref(memory)
    blob = blob_of(Content(memoryview(memory), path))
    other = replace(blob, suffix=".fit")
    del memory
    assert freed() is not None
    other.content.let_go()
    assert freed() is None
    assert bytes(blob.data) == b"abc"
    assert blob.size_bytes == other.size_bytes == 3


def test_bytes_that_stand_nowhere_else_are_kept() -> None:
    blob = blob_of(Content(b"abc"))
    blob.content.let_go()
    assert blob.data == b"abc"


def test_a_file_that_vanished_is_told_of(tmp_path: Path) -> None:
    content = Content(b"abc", tmp_path / "sub.fits")
    assert content.read() == b"abc"
    content.let_go()
    with pytest.raises(FileNotFoundError):
        content.read()


def test_a_file_that_nobody_has_read_tells_its_size_and_is_read_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "sub.fits"
    path.write_bytes(b"abc")
    content = Content.unread(path)
    assert content.size_bytes == 3
    path.write_bytes(b"abcd")
    assert content.read() == b"abcd"
    with pytest.raises(FileNotFoundError):
        Content.unread(tmp_path / "gone.fits")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_what_a_ledger_calls_a_file_and_never_ends_is_not_read(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    make(path)
    with pytest.raises(OSError, match="ordinary"):
        Content.unread(path).read()
