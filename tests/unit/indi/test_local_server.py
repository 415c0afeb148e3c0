"""The local socket of the process at the other end of a connection."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from indistack.indi.local_server import LocalServer, local_server, peer_pid, runs_libindi

STAND_IN = """
import socket, sys
tcp, local = socket.create_server((sys.argv[1], 0), family=int(sys.argv[2])), socket.socket(socket.AF_UNIX)
if sys.argv[3]:
    local.bind(sys.argv[3].replace("@", chr(0), 1))
    local.listen()
print(tcp.getsockname()[1], flush=True)
taken = tcp.accept()
print("taken", flush=True)
sys.stdin.read()
"""


@contextmanager
def connected(name: str, host: str = "127.0.0.1") -> Iterator[tuple[socket.socket, int]]:
    """A connection to a process that listens on a local socket, too; and the process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    command = [sys.executable, "-c", STAND_IN, host, str(int(family)), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with ExitStack() as stack:
            stack.callback(process.kill)
            connection = stack.enter_context(socket.create_connection((host, int(process.stdout.readline()))))
            assert process.stdout.readline() == "taken\n"  # before it is, it is nobody's
            yield connection, process.pid


@pytest.mark.parametrize("kind", ["@", ""])
def test_the_socket_of_the_process_that_is_connected(tmp_path: Path, kind: str) -> None:
    name = f"{kind}{tmp_path}/a b"
    with connected(f"@{tmp_path}/another"), connected(name) as (connection, pid):
        server = local_server(connection)
        assert server == LocalServer(pid, name.replace("@", "\0", 1))
        with socket.socket(socket.AF_UNIX) as near:
            near.connect(server.name)
            assert peer_pid(near) == pid


def test_by_the_newer_protocol(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with connected(f"@{tmp_path}/x", "::1") as (connection, pid):
        assert local_server(connection) == LocalServer(pid, f"\0{tmp_path}/x")


def test_a_server_without_a_local_socket() -> None:
    with connected("") as (connection, _):
        assert local_server(connection) is None


def test_a_process_that_cannot_be_looked_into(tmp_path: Path) -> None:
    with connected(f"@{tmp_path}/x") as (connection, _):
        assert local_server(connection, tmp_path) is None


def test_a_server_elsewhere() -> None:
    class Far:
        def getsockname(self) -> tuple[str, int]:
            return "192.168.1.2", 40000

        def getpeername(self) -> tuple[str, int]:
            return "192.168.1.3", 7624

    assert local_server(Far()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parent", "command", "maps", "speaks"),
    [
        (7, "/usr/bin/indi_asi_ccd\0-v\0", "7f /usr/lib/libindidriver.so.1.9.9\n", True),
        (8, "/usr/bin/indi_asi_ccd\0", "7f /usr/lib/libindidriver.so.1.9.9\n", False),
        (7, "/usr/bin/indi_gphoto_ccd\0", "7f /usr/lib/libindidriver.so.1.9.9\n", False),
        (7, "indi_asi_ccd\0", "7f /usr/lib/libpython3.11.so\n", False),
    ],
    ids=["libindi", "another server's", "another driver", "its own way"],
)
def test_whether_a_driver_speaks_by_libindi(tmp_path: Path, parent: int, command: str, maps: str, speaks: bool) -> None:
    process = tmp_path / "41"
    process.mkdir()
    (process / "stat").write_text(f"41 (a) S 1 name) S {parent} 41 41")
    (process / "cmdline").write_text(command)
    (process / "maps").write_text(maps)
    assert runs_libindi(LocalServer(7, ""), "indi_asi_ccd", tmp_path) is speaks
    assert not runs_libindi(LocalServer(7, ""), "", tmp_path)
    assert not runs_libindi(LocalServer(os.getpid(), ""), "indi_asi_ccd")
