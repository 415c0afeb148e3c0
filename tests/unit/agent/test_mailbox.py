"""Commands that wait in a folder for the agent."""

from __future__ import annotations

import os
import time
from pathlib import Path

from indistack.agent.commands import Save
from indistack.agent.mailbox import TAKEN_S, Mailbox


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
