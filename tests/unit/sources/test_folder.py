"""A hot folder: what is taken from it, when, and what it survives."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.fits_header import StackFacts, header_bytes, output_cards
from indistack.sources import folder as module
from indistack.sources.folder import FolderSettings, FolderSource
from indistack.values.blob import Blob
from indistack.values.frame import FrameInfo
from indistack.values.own_files import OwnFiles

BLOCK = b"x" * 2880
QUICK = FolderSettings(interval_s=0.02, settle_s=0.1)


class Watch:
    """A FolderSource in a thread, and what it has emitted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.blobs: list[Blob] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(
            target=FolderSource(*arguments, **options).run, args=(self.blobs.append, self.stop)
        )
        self._thread.start()

    @property
    def names(self) -> list[str]:
        return [Path(blob.origin).name for blob in self.blobs]

    def expect(self, *names: str, limit_s: float = 60.0) -> None:
        """Wait until exactly these have come."""
        deadline = time.monotonic() + limit_s
        while len(self.blobs) < len(names) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.names == list(names)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


Start = Callable[..., Watch]


@pytest.fixture
def watch() -> Iterator[Start]:
    started: list[Watch] = []

    def start(*arguments: Any, **options: Any) -> Watch:
        started.append(Watch(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.end()


def put(folder: Path, name: str, data: bytes = BLOCK) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_what_is_there_comes_in_natural_order_then_what_is_new(tmp_path: Path, watch: Start) -> None:
    for name in ("img_10.fits", "img_2.fits", "notes.txt", ".img_1.fits", "img_3.tmp.fits"):
        put(tmp_path, name)
    watching = watch(tmp_path, QUICK)
    watching.expect("img_2.fits", "img_10.fits")
    put(tmp_path, "img_1.CR2")
    watching.expect("img_2.fits", "img_10.fits", "img_1.CR2")
    blob = watching.blobs[-1]
    assert (blob.data, blob.suffix, blob.device, blob.path) == (BLOCK, ".cr2", tmp_path.name, tmp_path / "img_1.CR2")


def test_only_new_ones_when_asked(tmp_path: Path, watch: Start) -> None:
    put(tmp_path, "old.fits")
    watching = watch(tmp_path, QUICK.model_copy(update={"existing": False}))
    time.sleep(0.1)
    put(tmp_path, "new.fits")
    watching.expect("new.fits")


def test_a_file_that_grows_is_left_until_it_is_whole(tmp_path: Path, watch: Start) -> None:
    watching = watch(tmp_path, QUICK)
    with (tmp_path / "slow.fits").open("wb", buffering=0) as file:
        for _ in range(8):
            file.write(BLOCK)
            time.sleep(0.04)
            assert watching.blobs == []
    watching.expect("slow.fits")
    assert watching.blobs[0].size_bytes == 8 * 2880


def test_a_fits_file_without_its_last_block_gets_more_time(
    tmp_path: Path, watch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FITS_PATIENCE_S", 0.5)
    watching = watch(tmp_path, QUICK)
    began = time.monotonic()
    put(tmp_path, "cut.fits", BLOCK + b"x")
    put(tmp_path, "whole.fits", BLOCK)
    watching.expect("whole.fits", "cut.fits")
    assert time.monotonic() - began > 0.5


def test_a_fits_file_that_ends_in_zeros_is_not_all_there_yet(
    tmp_path: Path, watch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FITS_PATIENCE_S", 60.0)
    watching = watch(tmp_path, QUICK)
    hollow = put(tmp_path, "img.fits", BLOCK + bytes(10 * 2880))
    put(tmp_path, "padded.fits", 3 * BLOCK + b"x" + bytes(2879))
    watching.expect("padded.fits")
    time.sleep(0.3)
    assert watching.names == ["padded.fits"]
    hollow.write_bytes(11 * BLOCK)
    watching.expect("padded.fits", "img.fits")
    assert watching.blobs[-1].data == 11 * BLOCK


def test_a_fits_file_that_is_black_at_its_end_comes_in_the_end(
    tmp_path: Path, watch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FITS_PATIENCE_S", 0.3)
    put(tmp_path, "black.fits", BLOCK + bytes(10 * 2880))
    watch(tmp_path, QUICK).expect("black.fits")


def test_a_file_renamed_from_a_temporary_name_is_taken_at_once(tmp_path: Path, watch: Start) -> None:
    watching = watch(tmp_path, FolderSettings(interval_s=0.02, settle_s=60))
    temporary = put(tmp_path, ".img.fits.Xy3")
    time.sleep(0.2)
    temporary.rename(tmp_path / "img.fits")
    watching.expect("img.fits", limit_s=2.0)


def test_an_empty_file_is_none_yet(tmp_path: Path, watch: Start) -> None:
    watching = watch(tmp_path, QUICK)
    (tmp_path / "img.fits").touch()
    time.sleep(0.3)
    assert watching.blobs == []
    put(tmp_path, "img.fits")
    watching.expect("img.fits")


def test_a_file_that_is_replaced_is_another_frame(tmp_path: Path, watch: Start) -> None:
    watching = watch(tmp_path, QUICK)
    put(tmp_path, "latest.fits")
    watching.expect("latest.fits")
    put(tmp_path, "latest.fits", BLOCK * 2)
    watching.expect("latest.fits", "latest.fits")


def test_a_folder_that_goes_and_comes_back(tmp_path: Path, watch: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    folder, away = tmp_path / "usb", tmp_path / "away"
    folder.mkdir()
    put(folder, "img_1.fits")
    watching = watch(folder, QUICK)
    watching.expect("img_1.fits")
    folder.rename(away)
    time.sleep(0.2)
    away.rename(folder)
    put(folder, "img_2.fits")
    watching.expect("img_1.fits", "img_2.fits")
    assert caplog.text.count("waiting for it") == 1
    assert caplog.text.count("is back") == 1


def test_a_folder_may_appear_later(tmp_path: Path, watch: Start) -> None:
    watching = watch(tmp_path / "later", QUICK)
    (tmp_path / "later").mkdir()
    put(tmp_path / "later", "img.fits")
    watching.expect("img.fits")


def test_folders_below(tmp_path: Path, watch: Start) -> None:
    for name in ("a", ".trash", "@eaDir", "#recycle"):
        (tmp_path / name).mkdir()
        put(tmp_path / name, f"{name[-1]}.fits")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    flat, deep = watch(tmp_path, QUICK), watch(tmp_path, QUICK.model_copy(update={"recursive": True}))
    put(tmp_path, "z.fits")
    deep.expect("a.fits", "z.fits")
    flat.expect("z.fits")
    shutil.rmtree(tmp_path / "a")
    put(tmp_path, "zz.fits")
    deep.expect("a.fits", "z.fits", "zz.fits")


def test_the_picture_of_a_stack_is_no_sub(tmp_path: Path, watch: Start) -> None:
    cards = output_cards(FrameInfo(), StackFacts(60.0, 2, "mean", "1.2"))
    (tmp_path / "M31.fits").write_bytes(header_bytes(cards, -32, (1, 1)) + bytes(2880))
    put(tmp_path, "M31.png")
    put(tmp_path, "a.png")
    watching = watch(tmp_path, QUICK)
    watching.expect("a.png")
    time.sleep(0.2)
    watching.expect("a.png")


def test_a_stack_is_no_sub_wherever_it_lies_and_whatever_its_name(tmp_path: Path, watch: Start) -> None:
    stack = output_cards(FrameInfo(saturation_adu=65535.0), StackFacts(60.0, 2, "mean", "1.2"))
    others = [card for card in stack if card[0] != "SWCREATE"]
    for name, cards in (("M31.fits", stack), ("a.fits", others)):
        (tmp_path / name).write_bytes(header_bytes(cards, -32, (1, 1)) + bytes(2880))
    watching = watch(tmp_path, QUICK)
    put(tmp_path, "z.fits")
    watching.expect("a.fits", "z.fits")
    time.sleep(0.2)
    watching.expect("a.fits", "z.fits")


def test_output_folders_of_other_agents_hold_no_subs(tmp_path: Path, watch: Start) -> None:
    other = tmp_path / "yesterday"
    (other / "sessions" / "one" / "subs").mkdir(parents=True)
    for folder, name in ((other, "newest.png"), (other / "sessions" / "one" / "subs", "000001.fits")):
        put(folder, name)
    (other / "status.json").write_text("{}")
    (tmp_path / "tonight" / "sessions").mkdir(parents=True)
    put(tmp_path / "tonight" / "sessions", "a.fits")  # a person's own, of that name
    watching = watch(tmp_path, QUICK.model_copy(update={"recursive": True}), ignore=tmp_path / "out")
    put(tmp_path, "z.fits")
    watching.expect("a.fits", "z.fits")
    time.sleep(0.2)
    watching.expect("a.fits", "z.fits")


def test_our_own_files_are_known_by_another_way_to_their_folder(tmp_path: Path, watch: Start) -> None:
    ours = tmp_path / "real"
    (ours / "sessions").mkdir(parents=True)
    (tmp_path / "link").symlink_to(ours)
    for name in ("newest.png", "sessions/a.fits"):
        put(ours, name)
    own_files = OwnFiles([ours / "newest.png"])
    recursive = QUICK.model_copy(update={"recursive": True})
    watching = watch(tmp_path / "link", recursive, ignore=ours, own_files=own_files)
    put(ours, "z.fits")
    watching.expect("z.fits")
    time.sleep(0.2)
    watching.expect("z.fits")


@pytest.mark.parametrize("outputs", [".", "out", ".."])
def test_our_own_files_are_no_frames(tmp_path: Path, watch: Start, outputs: str) -> None:
    folder = tmp_path / "watched"
    ours = Path(os.path.normpath(folder / outputs))
    (ours / "sessions" / "one").mkdir(parents=True)
    folder.mkdir(exist_ok=True)
    for name in ("stack.fits", "stack.png", "newest.fits", "stack-R.fits", "sessions/one/stack.fits"):
        put(ours, name)
    own_files = OwnFiles(ours / name for name in ("stack.fits", "stack.png", "newest.fits", "stack-R.fits"))
    watching = watch(folder, QUICK.model_copy(update={"recursive": True}), ignore=ours, own_files=own_files)
    put(folder, "z.fits")
    watching.expect("z.fits")
    time.sleep(0.2)
    watching.expect("z.fits")


def test_folders_within_each_other_without_end_are_looked_into_as_far_as_anybody_means(
    tmp_path: Path, watch: Start
) -> None:
    folder = tmp_path
    for _ in range(module.MAX_DEPTH):
        folder /= "d"
        folder.mkdir()
    put(folder, "a.fits")
    (folder / "d").mkdir()
    put(folder / "d", "b.fits")
    watching = watch(tmp_path, QUICK.model_copy(update={"recursive": True}))
    watching.expect("a.fits")
    time.sleep(5 * QUICK.interval_s)
    watching.expect("a.fits")


def test_files_that_are_known_are_passed_over_until_they_change(tmp_path: Path, watch: Start) -> None:
    for name in ("a.fits", "b.fits"):
        put(tmp_path, name)
    watching = watch(tmp_path, QUICK, known=[tmp_path / "a.fits"])
    watching.expect("b.fits")
    put(tmp_path, "c.fits")
    watching.expect("b.fits", "c.fits")
