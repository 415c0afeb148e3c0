"""What a list of files, folders and globs means."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.errors import SettingsError
from indistack.sources.files import expand


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("img_10.fits", "img_2.fits", "img_1.FIT", "notes.txt", ".hidden.fits", "M31 [Ha].fits"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "deep.fits").write_bytes(b"deep")
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_folder_means_its_frames_in_natural_order(folder: Path) -> None:
    assert names(expand([folder])) == ["img_1.FIT", "img_2.fits", "img_10.fits", "M31 [Ha].fits"]


def test_a_glob(folder: Path) -> None:
    assert names(expand([f"{folder}/img_*"])) == ["img_1.FIT", "img_2.fits", "img_10.fits"]
    assert names(expand([f"{folder}/**/*.fits"])) == ["deep.fits", "img_2.fits", "img_10.fits", "M31 [Ha].fits"]


def test_files_stay_in_the_order_given_each_once(folder: Path) -> None:
    given = [
        folder / "img_10.fits",
        folder / "notes.txt",
        folder / "below" / ".." / "img_10.fits",
        folder / "img_2.fits",
    ]
    assert names(expand(given)) == ["img_10.fits", "notes.txt", "img_2.fits"]


def test_a_name_that_looks_like_a_glob_is_a_name_if_it_exists(folder: Path) -> None:
    assert names(expand([folder / "M31 [Ha].fits"])) == ["M31 [Ha].fits"]


def test_all_faults_at_once(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(SettingsError) as caught:
        expand([folder / "gone.fits", folder / "empty", f"{folder}/x*.fits", folder / "img_2.fits"])
    gone, empty, glob = caught.value.faults
    assert gone.endswith("gone.fits: no such file or folder")
    assert empty.endswith("empty: no frames in this folder")
    assert glob.endswith("x*.fits: no frames match")


def test_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert names(expand(["~/img_2.fits"])) == ["img_2.fits"]
