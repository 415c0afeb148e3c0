"""Replaying real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.replay import FileReplay, suffix_of


def test_files_come_by_name_and_begin_again(tmp_path: Path) -> None:
    for name in ("b.fits", "a.CR2", ".hidden"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "folder").mkdir()
    replay = FileReplay(tmp_path)
    assert [replay.frame(index).payload for index in range(3)] == [b"a.CR2", b"b.fits", b"a.CR2"]


def test_without_a_loop_it_ends(tmp_path: Path) -> None:
    (tmp_path / "a.fits").touch()
    replay = FileReplay(tmp_path, loop=False)
    replay.frame(0)
    with pytest.raises(IndexError, match="all 1 files"):
        replay.frame(1)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no files to replay"):
        FileReplay(tmp_path)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.fits", ".fits"),
        ("a.b.FITS.FZ", ".FITS.FZ"),
        ("IMG_1.CR2", ".CR2"),
        ("a.fit.gz", ".fit.gz"),
        ("a.tar.gz", ".gz"),
    ],
)
def test_suffixes(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix
