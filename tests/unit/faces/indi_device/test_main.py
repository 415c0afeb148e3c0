"""The driver as a program: it ends with the server, and no bug costs a restart."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.faces.indi_device import main as program
from indistack.faces.indi_device.kernel.wire import Wire
from indistack.faces.indi_device.live_stack import LiveStack
from indistack.faces.indi_device.second_process import SecondProcess
from tests.unit.faces.indi_device.folder import at_work


def test_a_bug_makes_the_device_anew_in_the_same_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    ours, theirs = socket.socketpair()
    faults = iter([ZeroDivisionError("a bug"), KeyError("another one")])
    tick = LiveStack.tick
    closed: list[LiveStack] = []

    def faulty(device: LiveStack) -> None:
        for fault in faults:
            raise fault
        tick(device)

    monkeypatch.setattr(LiveStack, "tick", faulty)
    monkeypatch.setattr(LiveStack, "close", lambda device: closed.append(device))
    monkeypatch.setattr(program, "AGAIN_S", 0.01)
    monkeypatch.setattr(SecondProcess, "enter", lambda self: False)
    wire = Wire(theirs.fileno(), theirs.fileno())
    monkeypatch.setattr(program, "take_standard_wire", lambda: wire)
    monkeypatch.setattr(program.signal, "signal", lambda *_: None)
    monkeypatch.setenv("INDISTACK_OUTPUT", str(tmp_path))
    monkeypatch.setenv("INDICONFIG", str(tmp_path / "none.xml"))
    status: list[int] = []
    running = threading.Thread(target=lambda: status.append(program.main()))
    running.start()
    said = bytearray()

    def has_begun_thrice() -> bool:
        said.extend(ours.recv(1 << 20))
        return said.count(b'<defTextVector device="Live Stack" name="DRIVER_INFO"') == 3

    wait_until(has_begun_thrice)
    ours.send(b"<pingRequest uid='still here'/>")
    wait_until(lambda: b"still here" in ours.recv(1 << 20))
    ours.close()
    running.join(60)
    assert status == [0]
    assert len(closed) == 1
    wire.close()
    theirs.close()


def test_where_the_stack_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert program.output_folder({}, tmp_path) == Path("/home/somebody/indistack")
    with at_work(tmp_path):
        assert program.output_folder({}, tmp_path) == tmp_path
        assert program.output_folder({"INDISTACK_OUTPUT": "/mnt/stacks"}, tmp_path) == Path("/mnt/stacks")
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert program.output_folder({}, tmp_path) == Path("/home/somebody/indistack")
