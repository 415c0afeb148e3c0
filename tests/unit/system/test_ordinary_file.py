"""What others have named is read only if it is an ordinary file, and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indistack.sources import read_blob
from indistack.sources.base import announce, is_own_stack, stamp_of
from indistack.system.ordinary_file import read_ordinary


def test_an_ordinary_file_is_read_whole_or_its_head(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read_ordinary(tmp_path / "a") == b"0123456789"
    assert read_ordinary(tmp_path / "a", max_bytes=10, head_bytes=4) == b"0123"
    with pytest.raises(OSError, match="larger"):
        read_ordinary(tmp_path / "a", max_bytes=9)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "huge", "nameless"])
def test_nothing_else_is_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sub.fits"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        path.touch()
        os.truncate(path, 10_000_000_000)
    else:
        path = Path("sub\0.fits")
        assert stamp_of(path) is None
    assert read_blob(path, "camera").fault
    assert not is_own_stack(path)
    if kind != "nameless":
        announce(path)
