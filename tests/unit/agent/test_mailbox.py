"""Commands that wait in a folder for the agent."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.agent.mailbox import Mailbox
from indistack.commands import Save
from indistack.commands.client import TAKEN_S


def request(folder: Path, name: str, age_s: float) -> Path:
    path = folder / "commands" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"command": "save"}')
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def test_an_agent_that_begins_takes_what_it_was_told_meanwhile_and_nothing_older(tmp_path: Path) -> None:
    request(tmp_path, "1-1.json", age_s=TAKEN_S + 1)
    waiting = request(tmp_path, "2-1.json", age_s=0.0)
    mailbox = Mailbox(tmp_path)
    mailbox.clear()
    assert list((tmp_path / "commands").iterdir()) == [waiting]
    assert [one.command for one in mailbox.collect()] == [Save()]
    assert not list((tmp_path / "commands").iterdir())


def holding(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 34)


ODD: list[Callable[[Path], object]] = [
    os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), holding(b"[" * 100_000), holding(b"\xff\x00"),
    holding(b"[]"), holding(b"3"), holding(b'{"command": []}'), huge,
]  # fmt: skip


@pytest.mark.parametrize("make", ODD)
def test_what_is_no_command_is_answered_and_left_behind(tmp_path: Path, make: Callable[[Path], object]) -> None:
    waiting = request(tmp_path, "2-1.json", age_s=0.0)
    make(waiting.with_name("1-1.json"))
    mailbox = Mailbox(tmp_path)
    assert [one.command for one in mailbox.collect()] == [Save()]
    assert "no command" in json.loads(waiting.with_name("1-1.answer").read_text())["fault"]
    assert not list(mailbox.collect())


def test_a_command_that_cannot_be_removed_is_carried_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system")

    request(tmp_path, "1-1.json", age_s=0.0)
    monkeypatch.setattr(Path, "unlink", read_only)
    mailbox = Mailbox(tmp_path)
    assert [len(list(mailbox.collect())) for _ in range(2)] == [1, 0]
