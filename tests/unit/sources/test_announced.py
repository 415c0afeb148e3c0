"""What the hook has put on record, as an agent or a stand-in takes it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from indistack import hook
from indistack.hook import ANNOUNCED, STAND_IN
from indistack.sources import announced as module
from indistack.sources.announced import AnnouncedSource, on_record
from indistack.store.folder_lock import has_stand_in, is_at_work, only_one, stand_in
from indistack.values.blob import Blob


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_PATIENCE_S", 0.05)
    monkeypatch.setattr(module, "POLL_S", 0.01)


def put(output: Path, text: str, number: int, age_s: float = 0.0) -> None:
    (output / ANNOUNCED).mkdir(exist_ok=True)
    name = f"{time.time_ns() + int((number - age_s) * 1e9):020d}-1.json"
    (output / ANNOUNCED / name).write_text(text)


def announce(output: Path, name: str, number: int, age_s: float = 0.0) -> Path:
    (path := output / name).write_bytes(b"pixels of " + name.encode())
    put(output, json.dumps({"path": str(path)}), number, age_s)
    return path


def taken_from(output: Path) -> list[Path | None]:
    """Return what a stand-in delivers that ends at once when there is no more."""
    blobs: list[Blob] = []
    (output / ANNOUNCED / STAND_IN).touch()
    AnnouncedSource(output, stays_s=0.0).run(blobs.append, threading.Event())
    return [blob.path for blob in blobs]


def test_frames_come_in_the_order_of_their_announcement_and_leave_the_record(tmp_path: Path) -> None:
    second, first = announce(tmp_path, "a.fits", 2), announce(tmp_path, "b.fits", 1)
    assert taken_from(tmp_path) == [first, second]
    assert on_record(tmp_path) == []


def test_a_record_goes_when_its_frame_is_safe_and_not_before(tmp_path: Path) -> None:
    announce(tmp_path, "a.fits", 1)
    (tmp_path / ANNOUNCED / STAND_IN).touch()

    def fail(blob: Blob) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        AnnouncedSource(tmp_path, stays_s=0.0).run(fail, threading.Event())
    assert len(on_record(tmp_path)) == 1


def test_a_frame_of_another_night_is_left(tmp_path: Path) -> None:
    announce(tmp_path, "old.fits", 1, age_s=9 * 3600)
    new = announce(tmp_path, "new.fits", 2)
    assert taken_from(tmp_path) == [new]
    assert on_record(tmp_path) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"path": 3}', '{"path": "a.fits"}', '{"path": "/gone/a.fits"}', "[" * 9999]
)
def test_nonsense_costs_only_itself(tmp_path: Path, text: str) -> None:
    put(tmp_path, text, 1)
    frame = announce(tmp_path, "a.fits", 2)
    assert taken_from(tmp_path) == [frame]


def test_one_that_is_not_wanted_any_more_leaves_what_it_has_not_begun(tmp_path: Path) -> None:
    announce(tmp_path, "a.fits", 1)
    AnnouncedSource(tmp_path, stays_s=60.0).run(lambda blob: None, threading.Event())  # nobody has touched its sign
    assert len(on_record(tmp_path)) == 1


def test_an_agent_relieves_a_stand_in_and_no_other_agent(tmp_path: Path) -> None:
    (tmp_path / ANNOUNCED).mkdir()
    at_work = threading.Event()

    def stand() -> None:
        with only_one(tmp_path), stand_in(tmp_path) as is_wanted:
            at_work.set()
            while is_wanted():
                time.sleep(0.01)

    thread = threading.Thread(target=stand)
    thread.start()
    at_work.wait(60)
    assert has_stand_in(tmp_path)
    with only_one(tmp_path, relieves=True):
        assert is_at_work(tmp_path)
        assert not has_stand_in(tmp_path)
    thread.join(60)


def test_the_sign_of_one_that_was_killed_is_no_stand_in(tmp_path: Path) -> None:
    (tmp_path / ANNOUNCED).mkdir()
    (tmp_path / ANNOUNCED / STAND_IN).touch()
    assert not has_stand_in(tmp_path)
    with only_one(tmp_path, relieves=True):
        assert not has_stand_in(tmp_path)


def test_the_youngest_frame_is_no_picture_and_no_stack_and_not_from_later(tmp_path: Path) -> None:
    (tmp_path / "Light" / "out" / "sessions").mkdir(parents=True)
    for name in ("Light/a.fits", "Light/b.FITS", "Light/c.fits.tmp", "Light/d.txt", "Light/out/stack.fits"):
        (tmp_path / name).touch()
        time.sleep(0.02)
    (tmp_path / "Light/out/status.json").touch()
    until_ns = time.time_ns()
    time.sleep(0.02)
    (tmp_path / "e.fits").touch()
    assert hook.newest_frame(str(tmp_path), until_ns) == str(tmp_path / "Light/b.FITS")
    assert hook.newest_frame(str(tmp_path / "none"), until_ns) == ""
    assert hook.newest_frame("", until_ns) == ""


@pytest.mark.parametrize("is_there", [False, True])
def test_a_stand_in_is_started_where_nobody_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    started: list[str] = []
    monkeypatch.setenv("INDISTACK_OUTPUT", str(tmp_path))
    monkeypatch.setattr(hook, "become_stand_in", started.append)
    monkeypatch.setattr(hook, "is_held", lambda folder: is_there and folder == str(tmp_path))
    (frame := tmp_path / "a.fits").touch()
    hook.put_on_record({"path": str(frame)}, 5)
    assert started == ([] if is_there else [str(tmp_path)])
    (record,) = on_record(tmp_path)
    assert json.loads(record.read_text()) == {"path": str(frame)}


def test_a_file_that_is_not_there_is_not_put_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDISTACK_OUTPUT", str(tmp_path / "out"))
    hook.put_on_record({"path": str(tmp_path / "a.fits")}, 5)
    assert not (tmp_path / "out").exists()


def test_beside_the_service_the_hook_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDISTACK_OUTPUT", str(tmp_path))
    monkeypatch.setattr(hook, "is_held", lambda folder: folder == hook.SERVICE_OUTPUT)
    (frame := tmp_path / "a.fits").touch()
    hook.put_on_record({"path": str(frame)}, 5)
    assert on_record(tmp_path) == []
