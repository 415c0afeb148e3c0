"""What a list of files, folders and globs means."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.errors import SettingsError
from indistack.fits_header import StackFacts, header_bytes, output_cards
from indistack.sources import files
from indistack.sources.files import expand, read_ahead
from indistack.values.frame import FrameInfo


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


def test_a_folder_is_taken_as_it_is_spelled(folder: Path) -> None:
    odd = folder / "w [Ha]"
    odd.mkdir()
    (odd / "img_3.fits").write_bytes(b"3")
    assert names(expand([f"{odd}/*.fits"])) == ["img_3.fits"]
    (folder / "w H").mkdir()
    (folder / "w H" / "img_4.fits").write_bytes(b"4")
    assert names(expand([f"{folder}/w [GH]/*.fits"])) == ["img_4.fits"]


def test_a_glob_leaves_out_what_was_thrown_away_unless_it_is_named(folder: Path) -> None:
    for waste in ("#recycle", "@eaDir"):
        (folder / "below" / waste).mkdir()
        (folder / "below" / waste / "gone.fits").write_bytes(b"gone")
    assert names(expand([f"{folder}/below/**/*.fits"])) == ["deep.fits"]
    assert names(expand([f"{folder}/below/@eaDir/*.fits"])) == ["gone.fits"]


def test_all_faults_at_once(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(SettingsError) as caught:
        expand([folder / "gone.fits", folder / "empty", f"{folder}/x*.fits", folder / "img_2.fits"])
    gone, empty, glob = caught.value.faults
    assert gone.endswith("gone.fits: no such file or folder")
    assert empty.endswith("empty: no frames in this folder")
    assert glob.endswith("x*.fits: no frames match")


def test_what_is_missing_may_be_kept(folder: Path) -> None:
    (folder / "circle.fits").symlink_to("circle.fits")
    named = [folder / "gone.fits", folder / "img_2.fits", folder / "circle.fits"]
    assert names(expand(named, keep_missing=True)) == ["gone.fits", "img_2.fits", "circle.fits"]
    with pytest.raises(SettingsError):
        expand(named)
    with pytest.raises(SettingsError):
        expand([named[0], named[2]], keep_missing=True)


def test_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert names(expand(["~/img_2.fits"])) == ["img_2.fits"]


def test_what_is_empty_is_passed_over_beside_what_is_not(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "empty").mkdir()
    assert names(expand([folder / "empty", folder / "img_2.fits", f"{folder}/*.cr2"])) == ["img_2.fits"]
    assert "empty: no frames in this folder; passed over" in caplog.text
    assert "*.cr2: no frames match; passed over" in caplog.text


def test_the_picture_of_an_own_stack_is_no_frame(folder: Path) -> None:
    for name in ("m.png", "n.png", "n.fits"):
        (folder / name).touch()
    cards = output_cards(FrameInfo(), StackFacts(60.0, 6, "mean", "1.0"))
    (folder / "m.fits").write_bytes(header_bytes(cards, -32, (4, 4)))
    assert names(expand([f"{folder}/?.*"])) == ["m.fits", "n.fits", "n.png"]


def test_while_a_file_is_worked_on_the_next_one_is_announced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr(files, "announce", lambda path: announced.append(path.name))
    paths = [folder / name for name in ("img_2.fits", "img_10.fits")]
    told = [(blob.path, bytes(blob.data), list(announced)) for blob in read_ahead(paths)]
    assert told == [(paths[0], b"img_2.fits", ["img_10.fits"]), (paths[1], b"img_10.fits", ["img_10.fits"])]
