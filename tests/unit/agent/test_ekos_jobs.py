"""What Ekos' jobs have the agent told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.agent import ekos_jobs
from indistack.agent.ekos_jobs import EkosJobs
from indistack.commands import Command, Finish, NewStack, State
from indistack.errors import IndistackError

Told = list[tuple[Path, Command]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told: Told = []

    def tell(output: Path, command: Command) -> str:
        told.append((output, command))
        if len(told) == 1:
            raise IndistackError("no agent is running there")
        return "done"

    monkeypatch.setattr(ekos_jobs, "tell", tell)
    monkeypatch.setattr(ekos_jobs, "read_state", lambda _output: State(target="M 27"))
    return told


def test_jobs_become_commands_in_order(told: Told, wait_until: Callable[..., None], tmp_path: Path) -> None:
    jobs = EkosJobs(tmp_path)
    jobs(True, "M 31")  # refused: the next ones are told all the same
    jobs(False, "M 31")
    jobs(True, "")
    jobs(True, "N" * 100)
    wait_until(lambda: len(told) == 4)
    assert [command for _, command in told] == [NewStack("M 31"), Finish(), NewStack(""), NewStack("N" * 68)]
    assert {output for output, _ in told} == {tmp_path}


def test_another_filter_of_the_same_target_goes_on(told: Told, wait_until: Callable[..., None], tmp_path: Path) -> None:
    jobs = EkosJobs(tmp_path)
    jobs(True, "m27")
    jobs(False, "")
    wait_until(lambda: bool(told))
    assert [command for _, command in told] == [Finish()]
