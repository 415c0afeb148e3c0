"""A process that stays behind makes the one that works anew until that has done its work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WORK = """
import os, sys
from indistack.faces.indi_device import second_process
second_process.PAUSE_S = 0.01
again = second_process.SecondProcess().enter()
print(again, os.getpid(), flush=True)
sys.exit(int(os.read(0, 1) or b"0"))
"""


@pytest.fixture
def first() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORK],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    yield process
    process.communicate(timeout=60)


def heard(first: subprocess.Popen[bytes]) -> tuple[bool, int]:
    """Return whether the process that works is a further one, and its number."""
    assert first.stdout is not None
    again, pid = first.stdout.readline().split()
    return again == b"True", int(pid)


def say(first: subprocess.Popen[bytes], status: bytes) -> None:
    assert first.stdin is not None
    first.stdin.write(status)
    first.stdin.flush()


def test_a_fault_and_a_signal_make_another_and_the_end_is_the_end_of_both(first: subprocess.Popen[bytes]) -> None:
    again, pid = heard(first)
    assert not again
    assert pid != first.pid
    say(first, b"3")
    again, pid = heard(first)
    assert again
    os.kill(pid, signal.SIGKILL)
    again, other = heard(first)
    assert again
    assert other != pid
    say(first, b"0")
    assert first.wait(60) == 0


def test_who_ends_the_first_ends_the_second(first: subprocess.Popen[bytes]) -> None:
    _, pid = heard(first)
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    assert not Path(f"/proc/{pid}").exists()
