"""The agent's end of the INDI process, with a process of the test's own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.indi import client as client_module
from indistack.indi.census import CameraChoice
from indistack.indi.client import IndiClient
from indistack.indi.device_facts import DeviceFacts
from indistack.indi.events import Devices, Event, FrameBlob, PathSaved, Said, ServerState, event_of

PRELUDE = """
import ctypes, json, os, socket, sys, time
from indistack.system import array_pipe
task = json.loads(sys.argv[1])
link = socket.socket(fileno=task["fd"])
def send(data=None, **message):
    if data is None:
        return array_pipe.send(link, message)
    buffer = ctypes.create_string_buffer(data)
    array_pipe.send(link, message, array_pipe.store(ctypes.addressof(buffer), len(data)))
def frame(data):
    send(data, kind="frame", device="Main", property="CCD1", suffix=".fits", received=0, facts={})
def wait():
    link.recv(1)
"""

Start = Callable[[str], IndiClient]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def start(code: str) -> IndiClient:
        script = tmp_path / "worker.py"
        script.write_text(PRELUDE + code)
        return IndiClient("host", 7624, worker=(sys.executable, str(script)))

    return start


def take(client: IndiClient, count: int, limit_s: float = 10.0) -> list[Event]:
    events: list[Event] = []
    deadline = time.monotonic() + limit_s
    while len(events) < count and time.monotonic() < deadline:
        if (event := client.get(0.1)) is not None:
            events.append(event)
    return events


def test_events_come_in_order(start: Start) -> None:
    with start("send(kind='server', up=True, reason='')\nframe(b'one')\nframe(b'two')\nwait()") as client:
        state, one, two = take(client, 3)
    assert state == ServerState(True)
    assert isinstance(one, FrameBlob)
    assert isinstance(two, FrameBlob)
    assert (bytes(one.data), bytes(two.data), one.device) == (b"one", b"two", "Main")


def test_what_a_dead_process_sent_is_kept_and_another_is_started(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    with start("frame(b'%d' % os.getpid())\nos.kill(os.getpid(), 11)") as client:
        first, state, second = take(client, 3)
    assert isinstance(first, FrameBlob)
    assert isinstance(second, FrameBlob)
    assert bytes(first.data) != bytes(second.data)
    assert state == ServerState(False, "the INDI process died")
    assert "SIGSEGV" in caplog.text


def test_the_next_process_learns_which_camera_has_delivered(start: Start) -> None:
    choose = "send(kind='camera', device='Main', cameras=['Main'], problem='', possible=[])"
    code = f"send(kind='message', device='', text=task['proven'])\n{choose}\nframe(b'x')"
    with start(code) as client:
        told = [event.text for event in take(client, 6) if isinstance(event, Said)]
    assert told == ["", "Main"]


def test_a_frame_that_finds_no_memory_is_told_of_and_the_next_is_taken(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    view, seen = client_module.array_pipe.view, []

    def scarce(file: int) -> memoryview:
        seen.append(file)
        taken = view(file)
        if len(seen) == 1:
            raise OSError(12, "Cannot allocate memory")
        return taken

    monkeypatch.setattr(client_module.array_pipe, "view", scarce)
    with start("frame(b'one')\nframe(b'two')\nwait()") as client:
        one, two = take(client, 2)
    assert isinstance(one, FrameBlob)
    assert isinstance(two, FrameBlob)
    assert (bytes(one.data), one.fault) == (b"", "there was no memory to take it: Cannot allocate memory")
    assert (bytes(two.data), two.fault) == (b"two", "")
    assert "Traceback" not in caplog.text


def test_a_process_that_cannot_be_started_is_told_once_in_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_words: object, **_options: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(client_module.child_process, "start", full)
    with IndiClient("host", 7624) as client:
        (state, *more) = take(client, 2, 2.0)
    assert state == ServerState(False, "the INDI process cannot be run: [Errno 12] Cannot allocate memory")
    assert not more
    assert "Traceback" not in caplog.text


def test_a_camera_that_is_not_chosen_proves_nothing_with_what_it_delivers(start: Start) -> None:
    choose = "send(kind='camera', device='Other', cameras=['Main', 'Other'], problem='', possible=[])"
    code = f"send(kind='message', device='', text=task['proven'])\n{choose}\nframe(b'x')"
    with start(code) as client:
        told = [event.text for event in take(client, 6) if isinstance(event, Said)]
    assert told == ["", ""]


def test_a_process_that_hangs_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "QUIET_S", 0.3)
    code = "send(kind='message', device='', text='%d' % os.getpid())\ntime.sleep(100)"
    with start(code) as client:
        pids = {event.text for event in take(client, 3) if isinstance(event, Said)}
    assert len(pids) == 2


def test_nonsense_from_the_process_does_not_end_the_supervision(start: Start) -> None:
    code = "link.send(b'nonsense') if not os.path.exists(__file__ + '.again') else frame(b'x')\n"
    code += "open(__file__ + '.again', 'w').close()\nwait()"
    with start(code) as client:
        assert any(isinstance(event, FrameBlob) for event in take(client, 1))


def test_a_state_is_told_and_logged_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with start("send(kind='server', up=False, reason='Connection refused')") as client:
        events = take(client, 2, 1.0)
    assert events == [ServerState(False, "Connection refused")]
    assert caplog.text.count("waiting for an INDI server at host:7624: Connection refused") == 1


def test_closing_ends_the_process_soon(start: Start) -> None:
    client = start("send(kind='message', device='', text='')\nwait()")
    take(client, 1)
    pid, before = client.pid, time.monotonic()
    client.close()
    assert time.monotonic() - before < 1.0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_fault_in_a_callback_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with start(
        "send(kind='fault', text='Traceback: boom')\nsend(kind='message', device='', text='')\nwait()"
    ) as client:
        take(client, 1)
    assert "boom" in caplog.text


def test_every_kind_of_message_becomes_its_event() -> None:
    path = event_of({"kind": "path", "device": "M", "path": "/a", "defined": True, "received": 0, "facts": {}}, None)
    assert isinstance(path, PathSaved)
    assert path.received.year == 1970
    camera = {"kind": "camera", "device": "", "cameras": ["M"], "problem": "", "possible": ["M"]}
    assert event_of(camera, None) == CameraChoice("", ("M",), possible=("M",))
    device = {"name": "M", "driver": "d", "interfaces": ["camera"], "connected": True, "blobs": ["CCD1"]}
    facts = DeviceFacts("M", "d", ("camera",), True, ("CCD1",))
    assert event_of({"kind": "devices", "devices": [device]}, None) == Devices((facts,))
    assert event_of({"kind": "alive"}, None) is None
