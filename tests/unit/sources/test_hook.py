"""The agent's end of the Ekos hook."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack.sources import hook as module
from indistack.sources.hook import HookSettings, HookSource, bind
from indistack.values.blob import Blob


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_PATIENCE_S", 0.1)


class Listening:
    """A HookSource in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blobs: list[Blob] = []
        self.jobs: list[tuple[bool, str]] = []
        self.stop = threading.Event()
        self.job_done = threading.Event()
        self.source = HookSource(HookSettings(socket=str(path)), self._on_job)
        self.thread = threading.Thread(target=self.source.run, args=(self.blobs.append, self.stop))
        self.thread.start()
        self.until(lambda: self.source.path is not None)

    def _on_job(self, begins: bool, target: str) -> threading.Event:
        self.jobs.append((begins, target))
        return self.job_done

    @staticmethod
    def until(condition: object, limit_s: float = 60.0) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def say(self, data: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(data, str(self.path))

    def end(self) -> None:
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    each = Listening(tmp_path / "run" / "agent.sock")
    yield each
    each.end()


def test_announced_files_in_order(listening: Listening, tmp_path: Path) -> None:
    for name in ("a.fits", "Dark_1.FIT"):
        (tmp_path / name).write_bytes(name.encode())
        listening.say(json.dumps({"path": str(tmp_path / name), "type": "Dark"}).encode())
    listening.until(lambda: len(listening.blobs) == 2)
    assert [(blob.data, blob.suffix, blob.device) for blob in listening.blobs] == [
        (b"a.fits", ".fits", "Ekos"),
        (b"Dark_1.FIT", ".fit", "Ekos"),
    ]
    assert listening.source.announced == 2


def test_jobs_are_told_and_are_no_frames(listening: Listening) -> None:
    listening.job_done.set()
    for said in ({"script": "PRE_JOB", "target": "M 27"}, {"script": "POST_JOB"}, {"script": "PRE_CAPTURE"}):
        listening.say(json.dumps({"path": "", **said}).encode())
    listening.until(lambda: listening.source.announced == 1)
    assert listening.jobs == [(True, "M 27"), (False, "")]


@pytest.mark.parametrize("ends_by", ["its stack has begun", "it takes too long"])
def test_a_frame_waits_until_the_job_before_it_has_its_stack(
    ends_by: str, listening: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.fits").write_bytes(b"x")
    listening.say(json.dumps({"path": "", "script": "PRE_JOB", "target": "M 31"}).encode())
    listening.say(json.dumps({"path": str(tmp_path / "a.fits")}).encode())
    listening.until(lambda: listening.jobs)
    assert not listening.thread.join(0.5)
    assert not listening.blobs
    if ends_by == "its stack has begun":
        listening.job_done.set()
    else:
        monkeypatch.setattr(module, "JOB_PATIENCE_S", 0.0)
    listening.until(lambda: listening.blobs)


def test_nonsense_is_survived(listening: Listening, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for data in (b"", b"\xff\xfe", b"[]", b"3", b'{"path": ""}', b"{}"):
        listening.say(data)
    listening.say(json.dumps({"path": str(tmp_path / "missing.fits")}).encode())
    (tmp_path / "a.fits").write_bytes(b"x")
    listening.say(json.dumps({"path": str(tmp_path / "a.fits")}).encode())
    listening.until(lambda: listening.blobs)
    assert [blob.path for blob in listening.blobs] == [tmp_path / "a.fits"]
    assert "missing.fits" in caplog.text


def test_the_socket_is_private_and_goes_with_the_agent(tmp_path: Path) -> None:
    each = Listening(tmp_path / "run" / "agent.sock")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    each.end()
    assert not each.path.exists()


def test_a_socket_that_nobody_listens_to_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    bind(path).close()
    assert path.exists()
    with bind(path):
        pass


def test_another_agent_keeps_its_socket(listening: Listening, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    second = HookSource(HookSettings(socket=str(listening.path)))
    thread = threading.Thread(target=second.run, args=(print, stop))
    thread.start()
    listening.until(lambda: "another agent listens there" in caplog.text)
    stop.set()
    thread.join(60)
    assert listening.path.exists()
    listening.say(b'{"path": ""}')
    listening.until(lambda: listening.source.announced == 1)


def test_a_socket_that_is_removed_is_made_again(listening: Listening, tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"a")
    shutil.rmtree(listening.path.parent)
    listening.until(lambda: listening.path.exists() and listening.source.path is not None)
    listening.say(json.dumps({"path": str(tmp_path / "a.fits")}).encode())
    listening.until(lambda: len(listening.blobs) == 1)


def test_the_socket_of_an_agent_that_ends_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    path = tmp_path / "run" / "agent.sock"
    with bind(path):
        source, stop = HookSource(HookSettings(socket=str(path))), threading.Event()
        thread = threading.Thread(target=source.run, args=(lambda _: None, stop))
        thread.start()
        Listening.until(lambda: "another agent listens there" in caplog.text)
    Listening.until(lambda: source.path is not None)
    stop.set()
    thread.join(60)
    assert caplog.text.count("another agent listens there") == 1
    assert not path.exists()


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(OSError, match="only this user"):
        bind(folder / "agent.sock")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="only this user"):
        bind(tmp_path / "link" / "agent.sock")


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "agent.sock").write_text("precious")
    with pytest.raises(OSError, match=r"in use|another agent"):
        bind(tmp_path / "agent.sock")
    assert (tmp_path / "agent.sock").read_text() == "precious"


def test_the_folder_in_tmp_serves_where_there_is_no_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module, "candidates", lambda: [str(tmp_path / "no" / "such" / "agent.sock"), str(tmp_path / "s")]
    )
    source, stop = HookSource(), threading.Event()
    thread = threading.Thread(target=source.run, args=(print, stop))
    thread.start()
    deadline = time.monotonic() + 60
    while source.path is None and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(60)
    assert source.path == tmp_path / "s"


def test_switched_off(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    source = HookSource(HookSettings(enabled=False, socket=str(tmp_path / "s")))
    source.run(print, stop)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
