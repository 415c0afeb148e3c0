"""Which session is open, what may be given up for newer subs, and what never."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.errors import SinkError
from indistack.store import session_folders as module
from indistack.store.session_folders import SessionFolders

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


def test_what_was_published_is_known_by_the_sessions_and_the_last_status(tmp_path: Path) -> None:
    session = begun(SessionFolders(tmp_path))
    for path in (session / "stack-R.fits", tmp_path / "newest.png", tmp_path / "Light_001.fits"):
        path.write_bytes(b"")
    (tmp_path / "status.json").write_text(json.dumps({"stacks": {"newest": {}}}))
    published = SessionFolders(tmp_path).published()
    assert set(published) == {tmp_path / "stack-R.fits", tmp_path / "newest.png"}
