"""Servers of tests that run at once in several processes."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.ports import PORTS, an_unused_port

ASK = "from tests.ports import an_unused_port; print(*(an_unused_port() for _ in range(5))); input()"


def test_no_port_is_given_twice_by_any_process() -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", ASK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    ports = [an_unused_port() for _ in range(5)]
    for other in others:
        assert other.stdout is not None
        ports += map(int, other.stdout.readline().split())
    for other in others:
        other.communicate(b"\n")
    assert len(set(ports)) == 15


def test_a_port_that_is_listened_on_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("", 0)) as server:
        taken, free = server.getsockname()[1], PORTS[-1]
        monkeypatch.setattr("tests.ports.PORTS", (taken, free))
        assert an_unused_port() == free
