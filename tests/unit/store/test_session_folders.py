"""Which session is open, what may be given up for newer subs, and what never."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.errors import IndistackError, SinkError
from indistack.store import session_folders as module
from indistack.store.session_folders import SessionFolders, can_be_written, session_at

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def hold(session: Path, n_bytes: int = 100) -> None:
    (session / "subs").mkdir()
    (session / "subs" / "000001.fits").write_bytes(bytes(n_bytes))


def no_note(*_: object, **__: object) -> None:
    raise SinkError("no space left on device")


def begun(folders: SessionFolders) -> Path:
    return folders.begin(NOW, "M31")


def reopened(folders: SessionFolders) -> Path:
    session = begun(folders)
    folders.reopen(session)
    return session


@pytest.mark.parametrize("start", [begun, reopened])
def test_the_running_session_is_never_given_up_although_the_disk_refused_its_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[[SessionFolders], Path]
) -> None:
    monkeypatch.setattr(module, "atomic_file", no_note)
    folders = SessionFolders(tmp_path)
    session = start(folders)
    hold(session)
    assert folders.give_up_oldest() == 0
    assert (session / "subs" / "000001.fits").exists()
    folders.end()
    assert folders.give_up_oldest() == 100


def test_of_finished_sessions_the_oldest_goes_first_and_keeps_its_pictures(tmp_path: Path) -> None:
    folders = SessionFolders(tmp_path)
    first, second, running = (begun(folders) for _ in range(3))
    for session in (first, second, running):
        hold(session)
        (session / "stack.fits").write_bytes(b"picture")
    assert folders.give_up_oldest() == 100
    assert not (first / "subs").exists()
    assert (second / "subs").exists()
    assert (first / "stack.fits").exists()
    assert folders.give_up_oldest() == 100
    assert folders.give_up_oldest() == 0
    assert (running / "subs").exists()


def test_a_session_that_begins_while_room_is_made_is_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = SessionFolders(tmp_path)
    find_all = folders.all

    def all_after_another_thread_began_one() -> list[Path]:
        monkeypatch.setattr(folders, "all", find_all)
        hold(begun(folders))
        return find_all()

    monkeypatch.setattr(folders, "all", all_after_another_thread_began_one)
    assert folders.give_up_oldest() == 0


def test_a_session_that_is_gone_on_with_by_another_path_is_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(session := begun(SessionFolders(tmp_path)))
    folders = SessionFolders(tmp_path)
    (tmp_path / "sessions" / "open").unlink()
    monkeypatch.setattr(module, "atomic_file", no_note)
    folders.reopen(tmp_path / "sessions" / ".." / "sessions" / session.name)
    assert folders.give_up_oldest() == 0


def test_a_session_whose_ledger_is_missing_is_given_up_last(tmp_path: Path) -> None:
    folders = SessionFolders(tmp_path)
    orphan, finished = (begun(folders) for _ in range(2))
    folders.end()
    for session in (orphan, finished):
        hold(session)
    (finished / "ledger.jsonl").write_text("{}\n")
    folders.give_up_oldest()
    assert (orphan / "subs").exists()
    assert not (finished / "subs").exists()


def test_where_one_session_cannot_be_removed_the_next_one_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = SessionFolders(tmp_path)
    first, second, _ = (begun(folders) for _ in range(3))
    for session in (first, second):
        hold(session)
    unlink = Path.unlink

    def read_only(path: Path, missing_ok: bool = False) -> None:
        if path.is_relative_to(first):
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", read_only)
    assert folders.give_up_oldest() == 100
    assert not (second / "subs").exists()
    folders.end()


@pytest.mark.parametrize("ledger", [None, b""])
def test_a_start_removes_no_session_with_a_raw_sub(tmp_path: Path, ledger: bytes | None) -> None:
    folders = SessionFolders(tmp_path)
    full, empty = begun(folders), begun(folders)
    hold(full)
    for session in (full, empty):
        if ledger is not None:
            (session / "ledger.jsonl").write_bytes(ledger)
    SessionFolders(tmp_path).sweep()
    assert (full / "subs" / "000001.fits").exists()
    assert not empty.exists()


@pytest.mark.parametrize("wanted", ["stack.fits", "kept/000001.fits", "checkpoints/a.npz"])
def test_a_start_removes_no_session_with_something_that_is_wanted(tmp_path: Path, wanted: str) -> None:
    session = begun(SessionFolders(tmp_path))
    (session / wanted).parent.mkdir(exist_ok=True)
    (session / wanted).write_bytes(b"x")
    SessionFolders(tmp_path).sweep()
    assert (session / wanted).exists()


def test_a_start_removes_all_that_is_written_before_the_first_line(tmp_path: Path) -> None:
    session = begun(SessionFolders(tmp_path))
    for name in ("settings.toml", "checkpoints/start.npz", "subs/mended-000001.npy", "subs/.mended-000001.npy.7.tmp"):
        (session / name).parent.mkdir(exist_ok=True)
        (session / name).write_bytes(b"x")
    SessionFolders(tmp_path).sweep()
    assert not session.exists()


def test_what_was_published_is_known_by_the_sessions_and_the_last_status(tmp_path: Path) -> None:
    session = begun(SessionFolders(tmp_path))
    for path in (session / "stack-R.fits", tmp_path / "newest.png", tmp_path / "Light_001.fits"):
        path.write_bytes(b"")
    (tmp_path / "status.json").write_text(json.dumps({"stacks": {"newest": {}}}))
    published = SessionFolders(tmp_path).published()
    assert set(published) == {tmp_path / "stack-R.fits", tmp_path / "newest.png"}


def test_a_session_that_another_program_has_open_is_never_given_up(tmp_path: Path) -> None:
    here = SessionFolders(tmp_path)
    session = begun(here)
    hold(session)
    assert SessionFolders(tmp_path).give_up_oldest() == 0
    here.end()
    assert SessionFolders(tmp_path).give_up_oldest() == 100


def test_sessions_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """A clock that was put back, or the thousandth session of a name, does not make a session older."""
    folders = SessionFolders(tmp_path)
    first = folders.begin(datetime(2024, 2, 1, tzinfo=UTC), "M31")
    second = folders.begin(datetime(2024, 1, 1, tzinfo=UTC), "M31")
    assert folders.all() == [first, second]
    assert folders.find("last") == second
    for session in (first, second):
        hold(session)
    folders.end()
    folders.give_up_oldest()
    assert [(session / "subs").exists() for session in (first, second)] == [False, True]


def test_a_session_is_named_by_itself_its_ledger_or_its_output_folder(tmp_path: Path) -> None:
    folders = SessionFolders(tmp_path)
    first, second, _unbegun = (begun(folders) for _ in range(3))
    for session in (first, second):
        (session / "ledger.jsonl").write_text("")
    assert session_at(tmp_path) == second
    assert session_at(first) == session_at(first / "ledger.jsonl") == first


@pytest.mark.parametrize(("place", "fault"), [("nowhere", "no such folder"), (".", "neither a session nor an output")])
def test_where_there_is_no_session_that_is_said(tmp_path: Path, place: str, fault: str) -> None:
    with pytest.raises(IndistackError, match=fault):
        session_at(tmp_path / place)


def forbid(patch: pytest.MonkeyPatch, place: Path) -> None:
    """Let a place be another user's."""
    access = os.access
    patch.setattr(module.os, "access", lambda path, mode: Path(path) != place and access(path, mode))


def test_a_session_that_another_user_has_made_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours, other = begun(SessionFolders(tmp_path)), begun(SessionFolders(tmp_path))
    forbid(monkeypatch, other)
    folders = SessionFolders(tmp_path)
    assert folders.all() == [ours]
    assert folders.open_one() is None
    assert folders.past() is None
    folders.tell_of_lost()
    assert f"{other}: it belongs to another user" in caplog.text
    assert begun(folders).name.endswith("_003")


@pytest.mark.parametrize("name", ["", "ledger.jsonl", "subs", "checkpoints"])
def test_whether_a_session_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    session = begun(SessionFolders(tmp_path))
    hold(session)
    (session / "checkpoints").mkdir()
    (session / "ledger.jsonl").touch()
    assert can_be_written(session)
    forbid(monkeypatch, session / name)
    assert not can_be_written(session)
