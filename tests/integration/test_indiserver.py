"""The `indiserver` fixture, which the other integration tests stand on."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


def drivers_in_proc(pid: int) -> list[str]:
    """Return the names of the processes whose process group is led by `pid`."""
    names = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(") ", 1)
        except OSError:  # it ended meanwhile
            continue
        if int(rest.split()[2]) == pid and rest[0] != "Z":
            names.append(name.split("(", 1)[1])
    return names


def test_indiserver_runs_a_stock_driver_and_leaves_nothing_behind(
    indiserver: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    server = indiserver("indi_simulator_telescope")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b'<getProperties version="1.7"/>')
        heard = b""
        while b"Telescope Simulator" not in heard:
            heard += client.recv(4096)
    server.stop()
    wait_until(lambda: not drivers_in_proc(server.process.pid), what="the driver's end")
    assert not server.is_answering()


def test_a_killed_indiserver_comes_back_on_the_same_port(indiserver: Callable[..., Any]) -> None:
    first = indiserver("indi_simulator_telescope")
    first.kill()
    assert not first.is_answering()
    second = indiserver(port=first.port, folder=first.folder)
    second.control("start indi_simulator_telescope")
    with socket.create_connection(("127.0.0.1", second.port), timeout=60) as client:
        client.sendall(b'<getProperties version="1.7"/>')
        assert client.recv(4096)
