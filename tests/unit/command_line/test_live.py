"""How the live commands end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from indistack.command_line.live import _stop_on_signals

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_it_finishes_when_it_is_asked_to_or_its_terminal_closes(number: signal.Signals) -> None:
    stop = _stop_on_signals()
    os.kill(os.getpid(), number)
    assert stop.is_set()


def test_a_terminal_that_closes_tells_twice_and_kills_nothing() -> None:
    stop = _stop_on_signals()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGHUP)
    assert stop.is_set()


def test_by_nohup_it_stays() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = _stop_on_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    assert not stop.is_set()
