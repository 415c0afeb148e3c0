"""The agent comes back after a failure, follows another camera, and stays away where somebody has ended it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indistack.errors import IndistackError
from indistack.faces.indi_device import connection as room
from indistack.faces.indi_device.connection import FIRST_RETRY_S, Connection
from indistack.faces.indi_device.kernel.properties import Vector


@dataclass
class Recorder:
    """Stands for the device."""

    messages: list[str] = field(default_factory=list)

    def set(self, vector: Vector, state: str, message: str = "") -> None:
        vector.state = state  # type: ignore[assignment]
        self.messages += [message] if message else []

    def say(self, message: str) -> None:
        self.messages.append(message)


class Agent:
    """Stands for the agent's process."""

    output = Path("/out")

    def __init__(self) -> None:
        self.started: list[str] = []
        self.there = self.ended = self.failed = False
        self.is_ours = True
        self.fault = ""

    def is_there(self) -> bool:
        return self.there

    def has_ended(self) -> bool:
        return self.ended

    def has_failed(self) -> bool:
        return self.failed

    def last_words(self) -> str:
        return "out of memory"

    def start(self, camera: str) -> None:
        if self.fault:
            raise IndistackError(self.fault)
        self.started.append(camera)
        self.ended = self.failed = False

    def end(self) -> bool:
        return self.is_ours


@dataclass
class Clock:
    """Seconds of ours."""

    now_s: float = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(room, "time", clock)
    return clock


@pytest.fixture
def connected(clock: Clock) -> Connection:
    one = Connection(Recorder(), Path("/out"), 7624, lambda: None)  # type: ignore[arg-type]
    one.agent = Agent()  # type: ignore[assignment]
    one._connect(one.vector, {"CONNECT": "On"})
    return one


def test_it_is_busy_until_the_agent_is_there(connected: Connection) -> None:
    assert connected.vector.state == "Busy"
    connected.arrive()
    assert connected.vector.state == "Ok"


def test_one_that_has_failed_is_started_again_later_and_later(connected: Connection, clock: Clock) -> None:
    for pause_s in (FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S):
        connected.agent.failed = True
        before = len(connected.agent.started)
        connected.bring_back()
        assert connected.vector.state == "Alert"
        clock.now_s += pause_s - 0.1
        connected.bring_back()
        assert len(connected.agent.started) == before
        clock.now_s += 0.2
        connected.bring_back()
        assert len(connected.agent.started) == before + 1
        assert connected.vector.state == "Busy"
    assert "out of memory" in connected._device.messages[0]


def test_one_that_was_ended_by_somebody_stays_so(connected: Connection, clock: Clock) -> None:
    connected.agent.ended = True
    clock.now_s += 1000
    connected.bring_back()
    assert connected.agent.started == [""]


def test_another_camera_is_followed_by_an_agent_that_begins_anew(connected: Connection) -> None:
    connected._follow(connected.active, {"ACTIVE_CCD": "Other"})
    connected.bring_back()
    assert connected.agent.started == [""]
    connected.agent.ended = True
    connected.bring_back()
    assert connected.agent.started == ["", "Other"]


def test_an_agent_of_somebody_else_keeps_its_camera(connected: Connection) -> None:
    connected.agent.is_ours, connected.agent.there = False, True
    connected._follow(connected.active, {"ACTIVE_CCD": "Other", "ACTIVE_DOME": "what others tell, too"})
    assert "not started here" in connected._device.messages[-1]
    connected.agent.ended = True
    connected.bring_back()
    assert connected.agent.started == [""]


def test_one_that_cannot_be_started_again_is_an_alert_and_no_bug(connected: Connection, clock: Clock) -> None:
    connected.agent.failed = True
    connected.bring_back()
    clock.now_s += 1000
    connected.agent.fault = "no room"
    connected.bring_back()
    assert connected.vector.state == "Alert"
    assert connected._device.messages[-1] == "no room"
    assert not connected.is_on
