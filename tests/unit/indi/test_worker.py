"""The INDI process's own judgement: is the peer silent, is somebody listening."""

from __future__ import annotations

import math
import socket
import threading

import pytest

pytest.importorskip("PyIndi")

from indistack.indi import worker
from indistack.indi.worker import PING_S, SILENT_S, STALLED_S, AgentGone, Heart
from indistack.system import array_pipe
from tests.ports import an_unused_port


def heart(idle_s: float = math.inf) -> tuple[Heart, list[str]]:
    pings: list[str] = []
    return Heart(pings.append, lambda: idle_s, 0.0), pings


def test_pings_at_intervals() -> None:
    beating, pings = heart()
    for now in (0.0, 0.5, PING_S, PING_S + 0.5):
        beating.beat(now)
    assert len(pings) == 2


def test_a_mute_connection_is_given_up() -> None:
    beating, _ = heart()
    assert beating.beat(SILENT_S - 0.1) == ""
    assert "does not answer" in beating.beat(SILENT_S + 0.1)


def test_a_server_that_has_replied_and_stops_is_given_up() -> None:
    beating, _ = heart()
    beating.sign(1.0, reply=True)
    assert beating.beat(STALLED_S) == ""
    assert "stopped answering" in beating.beat(STALLED_S + 1.1)


def test_a_server_that_never_replies_to_pings_may_be_quiet() -> None:
    beating, _ = heart()
    beating.sign(1.0)
    assert beating.beat(1000.0) == ""


def test_bytes_on_the_line_are_a_sign_of_life() -> None:
    beating, _ = heart(idle_s=0.1)
    beating.sign(1.0, reply=True)
    assert beating.beat(1000.0) == ""


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


def test_the_time_since_the_last_byte_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0] as far:
            near = worker.tcp_peer(port)
            assert near is not None
            with near:
                threading.Event().wait(0.05)
                waited_s = worker.idle_s(near)
                far.sendall(b"x")
                assert 0.03 <= waited_s < 5
                assert worker.idle_s(near) < waited_s
    assert worker.tcp_peer(1) is None
    assert worker.idle_s(None) == math.inf
