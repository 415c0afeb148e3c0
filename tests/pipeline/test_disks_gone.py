"""The disk is full, read-only or gone when a session begins or later, or the program ends by a bug: nothing is lost."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.cli import main
from indistack.commands import Save
from indistack.store import attempts, late_subs
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, lines_of, pixels, run


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    return [blob_of(sky.expose(), f"{number}.fits") for number in range(5)]


class Disk:
    """Takes nothing for a while: every way to write fails."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.seen: list[str] = []

    def fill(self) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        for name in ("Spool._write", "ledger._write", "ledger.FileIO", "session_record.SessionRecord.keep_settings"):
            module, _, attribute = name.rpartition(".") if name.count(".") == 1 else name.partition(".")
            self._patch.setattr(f"indistack.store.{'spool.Spool' if module == 'Spool' else module}.{attribute}", full)

    def empty(self) -> None:
        self._patch.undo()


def night(agent: Agent, disk: Disk, blobs: list[Blob], full: range) -> None:
    """Stack frames one by one, some of them while the disk is full."""
    stop = threading.Event()
    taken = agent._blobs.take
    count = iter(range(len(blobs) + 1))

    def take(blob: Blob, number: int = 0) -> None:
        place = next(count)
        if place == full.start:
            disk.fill()
        if place == full.stop:
            disk.empty()
        taken(blob if not full.start <= place < full.stop else blobs[place], number)
        agent._write_status("running", agent._pipeline.session)
        disk.seen.append(json.loads((agent._folder / "status.json").read_text())["disk"])

    agent._blobs.take = take  # type: ignore[method-assign]
    for blob in blobs:
        agent.send(blob)
    agent.run(stop)


@pytest.mark.parametrize("full", [range(3), range(1, 3), range(2, 5)])
def test_lines_and_raw_subs_wait_in_memory_while_the_disk_is_full(
    tmp_path: Path, blobs: list[Blob], full: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    agent = agent_of(tmp_path, [], "spool.enabled=true")
    if full.stop == len(blobs):
        finish = agent._finish
        agent._pipeline._finished = lambda session: (disk.empty(), finish(session))  # type: ignore[func-returns-value]
    night(agent, disk, blobs, full)
    (session,) = SessionFolders(tmp_path).all()
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4, 5]
    assert len(list((session / "subs").glob("*.fits"))) == 5
    assert [bool(word) for word in disk.seen] == [place in full for place in range(5)]
    assert fits.getheader(session / "stack.fits")["NCOMBINE"] == 5


def test_raw_subs_beyond_the_bound_are_told_of_one_by_one(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(late_subs, "MAX_BYTES", 2 * blobs[0].size_bytes)
    monkeypatch.setattr("indistack.store.spool.Spool._write", full)
    session = run(tmp_path, blobs)
    assert [f"sub {number}: its raw bytes are lost" in caplog.text for number in (3, 4, 5)] == [True] * 3
    assert len(lines_of(session)) == 5


@pytest.mark.parametrize("gone", ["out", "sessions", "ledger"])
def test_what_was_removed_is_written_again(tmp_path: Path, blobs: list[Blob], gone: str) -> None:
    out = tmp_path / "out"
    agent = agent_of(out, [])
    taken = agent._blobs.take

    def take(blob: Blob, number: int = 0) -> None:
        taken(blob, number)
        if blob.origin == "2.fits":
            ledger = next(out.glob("sessions/*/ledger.jsonl"))
            ledger.unlink() if gone == "ledger" else shutil.rmtree(out if gone == "out" else out / "sessions")

    agent._blobs.take = take  # type: ignore[method-assign]
    for blob in blobs[:3]:
        agent.send(blob)
    agent.send(Save())
    for blob in blobs[3:]:
        agent.send(blob)
    agent.run(threading.Event())
    (session,) = SessionFolders(out).all()
    assert [line["number"] for line in lines_of(session)] == [1, 2, 3, 4, 5]
    assert fits.getheader(out / "stack.fits")["NCOMBINE"] == 5
    assert (session / "settings.toml").exists()


def test_a_bug_in_the_agent_does_not_end_its_session(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", blobs)
    agent = agent_of(tmp_path / "out", [])
    for blob in blobs[:3]:
        agent.send(blob)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(agent, "_forget_the_rest", lambda: 1 / 0)
        agent.run(threading.Event())
    past = SessionFolders(tmp_path / "out").past()
    assert past is not None
    session = run(tmp_path / "out", blobs[3:], goes_on=past)
    assert session == past.folder
    assert len(list(PastSession(session).lights())) == 5
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-6)


def test_a_folder_that_cannot_be_written_ends_a_start_with_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("in the way")
    assert main(["watch", str(tmp_path), "--output-dir", str(tmp_path / "out")]) == 1
    assert "--output-dir" in capsys.readouterr().err


def test_a_frame_that_kills_is_put_aside(tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt  # as near to SIGKILL as a test comes

    monkeypatch.setattr(attempts, "APART_S", -1.0)
    for start in range(2):
        agent = agent_of(tmp_path, [])
        if start == 0:
            agent.send(blobs[0])
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(agent._pipeline, "process", die)
            agent.run(threading.Event())
    session = run(tmp_path, blobs[1:3])
    words = sorted((line["outcome"], line["reason"]) for line in lines_of(session))
    assert words == [("accepted", ""), ("accepted", ""), ("refused", "unreadable")]
    (kept,) = (tmp_path / "poison").glob("*.fits")
    assert kept.read_bytes() == blobs[0].data
    assert not list((tmp_path / "spool").iterdir())
