"""Names and reading of files."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from indistack.sources.base import is_frame_name, is_unfinished_name, natural_key, read_announced, read_blob, suffix_of

STOP = threading.Event()


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("A.FITS", ".fits"), ("A.FITS.FZ", ".fits.fz"), ("m31.v2.fit", ".fit"), ("x.fts.gz", ".fts.gz"), ("none", "")],
)
def test_suffix_of(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


@pytest.mark.parametrize("name", ["a.fits", "A.FIT", "a.fits.fz", "a.fts.z", "IMG_1.CR2", "a.JPG", "a.xisf", "m.1.nef"])
def test_frame_names(name: str) -> None:
    assert is_frame_name(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "a", ".a.fits", "~a.fits", "a.fits.tmp", "a.tmp.fits", "a.fits.part", "a.jpg.gz", "a.json"]
)
def test_other_names(name: str) -> None:
    assert not is_frame_name(name)


@pytest.mark.parametrize(("name", "unfinished"), [(".a.fits.Xy3", True), ("a.fits.part", True), ("a.txt", False)])
def test_names_of_files_that_are_being_written(name: str, unfinished: bool) -> None:
    assert is_unfinished_name(name) is unfinished


def test_natural_order() -> None:
    names = ["img_10.fits", "img_2.fits", "IMG_1.fits", "2_b", "10_a", "1.5", "x"]
    ordered = sorted(map(Path, names), key=natural_key)
    assert [str(path) for path in ordered] == ["1.5", "2_b", "10_a", "IMG_1.fits", "img_2.fits", "img_10.fits", "x"]


def test_an_unreadable_file_is_told_of(tmp_path: Path) -> None:
    blob = read_blob(tmp_path / "gone.fits", "there")
    assert (blob.data, blob.suffix, blob.device, blob.fault) == (b"", ".fits", "there", "No such file or directory")


def test_an_announced_file_is_read_at_once(tmp_path: Path) -> None:
    (path := tmp_path / "a.fits").write_bytes(b"x")
    blob = read_announced(path, "there", STOP, 10.0)
    assert blob is not None
    assert blob.data == b"x"


def test_an_announced_file_that_never_comes(tmp_path: Path) -> None:
    assert read_announced(tmp_path / "a.fits", "there", STOP, 0.1) is None


def test_an_announced_file_may_come_late_and_grow(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"

    def write() -> None:
        path.touch()
        threading.Event().wait(0.1)
        (part := tmp_path / "part").write_bytes(b"whole")
        part.rename(path)

    writer = threading.Timer(0.1, write)
    writer.start()
    blob = read_announced(path, "there", STOP, 5.0)
    writer.join()
    assert blob is not None
    assert blob.data == b"whole"


def test_waiting_for_an_announced_file_ends_with_the_run(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert read_announced(tmp_path / "a.fits", "there", stop, 60.0) is None


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (path := tmp_path / "a.fits").write_bytes(b"x")
    path.chmod(0)
    assert read_blob(path, "there").fault == "Permission denied"
