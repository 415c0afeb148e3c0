"""Who listens, and who runs a program."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from indistack.system.listeners import Process, is_taken, listener, processes_of


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_who_listens(family: socket.AddressFamily, host: str) -> None:
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"no {host} here")
    with server:
        port = server.getsockname()[1]
        assert is_taken(port)
        found = listener(port)
        assert found is not None
        assert found.pid == os.getpid()
    assert not is_taken(port)
    assert listener(port) is None


def test_who_runs_a_program(wait_until: Callable[..., None]) -> None:
    with subprocess.Popen(["a-program-of-this-test", "5"], executable=sys.executable, stderr=subprocess.DEVNULL) as one:
        pass
    assert one.pid not in [each.pid for each in processes_of("a-program-of-this-test")]
    with subprocess.Popen(["/x/a-program", "-c", "input()"], executable=sys.executable, stdin=subprocess.PIPE) as one:
        wait_until(lambda: [each.pid for each in processes_of("a-program")] == [one.pid])
        one.kill()


def test_a_script_is_told_with_its_interpreter() -> None:
    assert Process(1, ("/usr/bin/python3", "-u", "/opt/page.py", "8")).name == "python3 page.py"
    assert Process(1, ("/usr/bin/indiserver", "-v", "x")).name == "indiserver"
