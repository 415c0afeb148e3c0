"""The INDI process waits for somebody who listens."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("PyIndi")

from indistack.indi import worker
from indistack.indi.census import CameraChoice, Census
from indistack.indi.worker import OVERDUE_S, AgentGone, Connection
from indistack.system import array_pipe
from tests.ports import an_unused_port


def test_the_agent_is_told_once_that_nobody_listens() -> None:
    messages: list[array_pipe.Message] = []
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 5:
            raise AgentGone

    with pytest.raises(AgentGone):
        worker.wait_for_port("127.0.0.1", an_unused_port(), rest, messages.append)
    assert messages == [{"kind": "server", "up": False, "reason": "Connection refused"}]
    assert rests == [0.2, 0.4, 0.8, 1.0, 1.0]


def test_while_nobody_listens_the_agent_hears_that_the_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "ALIVE_S", 0.0)
    messages: list[array_pipe.Message] = []

    def rest(_seconds: float) -> None:
        if len(messages) >= 4:
            raise AgentGone

    with pytest.raises(AgentGone):
        worker.wait_for_port("127.0.0.1", an_unused_port(), rest, messages.append)
    assert [message["kind"] for message in messages].count("alive") >= 2


def test_a_slow_look_up_of_a_name_does_not_look_like_a_process_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "ALIVE_S", 0.01)
    alive = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        assert alive.wait(60)
        raise OSError("no such name")

    def send(message: array_pipe.Message) -> None:
        if message["kind"] == "alive":
            alive.set()

    def rest(_seconds: float) -> None:
        raise AgentGone

    monkeypatch.setattr("socket.create_connection", look_up)
    with pytest.raises(AgentGone):
        worker.wait_for_port("a.name", 7624, rest, send)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example", "\udcff"])
def test_a_name_that_can_be_none_is_told(host: str) -> None:
    messages: list[array_pipe.Message] = []

    def rest(_seconds: float) -> None:
        raise AgentGone

    with pytest.raises(AgentGone):
        worker.wait_for_port(host, 7624, rest, messages.append)
    assert [message["kind"] for message in messages] == ["server"]
    assert messages[0]["reason"]


class Client:
    """Knows whether a frame should have come."""

    awaited = False

    def is_awaited(self) -> bool:
        return self.awaited


def test_a_frame_that_does_not_come_after_its_exposure_is_told_until_one_does() -> None:
    client, main = Client(), CameraChoice("Main", ("Main",))
    connection = Connection(client, Census(), lambda _: None, lambda _: None, None)  # type: ignore[arg-type]
    assert connection._overdue(main, 0.0) == main
    client.awaited = True
    assert connection._overdue(main, 100.0) == main
    assert connection._overdue(main, 99.0 + OVERDUE_S) == main
    told = connection._overdue(main, 100.0 + OVERDUE_S)
    assert told.device == "Main"
    assert told.problem.startswith("'Main' has exposed, and no frame has come for 90 s")
    apart = CameraChoice("Main", ("Main",), "it is not connected")
    assert connection._overdue(apart, 101.0 + OVERDUE_S) == apart
    client.awaited = False
    assert connection._overdue(main, 102.0 + OVERDUE_S) == main
    client.awaited = True
    assert connection._overdue(main, 103.0 + OVERDUE_S) == main
