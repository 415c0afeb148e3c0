"""Is the peer silent, or only quiet?"""

from __future__ import annotations

import math
import socket
import threading

from indistack.indi.heart import PING_S, SILENT_S, STALLED_S, Heart, idle_s, tcp_peer


def heart(quiet_s: float = math.inf) -> tuple[Heart, list[str]]:
    pings: list[str] = []
    return Heart(pings.append, lambda: quiet_s, 0.0), pings


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
    beating, _ = heart(quiet_s=0.1)
    beating.sign(1.0, reply=True)
    assert beating.beat(1000.0) == ""


def test_the_time_since_the_last_byte_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0] as far:
            near = tcp_peer(port)
            assert near is not None
            with near:
                threading.Event().wait(0.05)
                waited_s = idle_s(near)
                far.sendall(b"x")
                assert 0.03 <= waited_s < 5
                assert idle_s(near) < waited_s
    assert tcp_peer(1) is None
    assert idle_s(None) == math.inf
