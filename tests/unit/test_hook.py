"""What the Ekos hook reads, says and to whom."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack import hook

SAID = {
    "script_type": "POST_CAPTURE",
    "job": {"filter": "L", "exposure": 30, "type": "Light", "target_name": "M 27"},
    "fits": {"filename": "/images/M_27/Light_001.fits", "headers": {"X": "Y" * 100_000}},
    "progress": 10,
}


def test_reads_one_object_and_does_not_wait_for_the_end() -> None:
    readable, writable = os.pipe()
    threading.Thread(target=os.write, args=(writable, json.dumps(SAID).encode())).start()
    began = time.monotonic()
    assert hook.read_json(readable, 5.0) == SAID
    assert time.monotonic() - began < 2.0
    os.close(readable)
    os.close(writable)


def test_a_huge_object_is_nothing() -> None:
    readable, writable = os.pipe()

    def write() -> None:
        with contextlib.suppress(OSError), os.fdopen(writable, "wb") as file:
            file.write(json.dumps({"a": "x" * 3_000_000}).encode())

    writer = threading.Thread(target=write)
    writer.start()
    assert hook.read_json(readable, 30.0) == {}
    os.close(readable)
    writer.join(60)


def test_an_object_of_any_depth_ends_the_hook_as_any_other() -> None:
    deep = b'{"job": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    done = subprocess.run([sys.executable, "-m", "indistack.hook"], input=deep, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("text", ["", "nonsense", "{", "3", "[1]", '{"a": }'])
def test_nonsense_is_nothing(text: str) -> None:
    readable, writable = os.pipe()
    os.write(writable, text.encode())
    os.close(writable)
    assert hook.read_json(readable, 5.0) == {}
    os.close(readable)


def test_a_silent_pipe_is_left_after_the_time() -> None:
    readable, writable = os.pipe()
    began = time.monotonic()
    assert hook.read_json(readable, 0.1) == {}
    assert 0.09 < time.monotonic() - began < 1.0
    os.close(readable)
    os.close(writable)


def test_the_announcement() -> None:
    assert hook.announcement([], SAID, hook.PRE_JOB) == {
        "path": "/images/M_27/Light_001.fits", "type": "Light", "target": "M 27", "script": "PRE_JOB"
    }  # fmt: skip
    assert hook.announcement(["sub.fits"], {}, "")["path"] == str(Path.cwd() / "sub.fits")
    nothing = {"path": "", "type": "", "target": "", "script": ""}
    assert hook.announcement(["--odd"], {"fits": None, "job": 3}, "") == nothing


def test_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDISTACK_SOCKET", "/mine")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/xdg")
    user = os.getuid()
    expected = ["/run/xdg/indistack/agent.sock", f"/run/user/{user}/indistack/agent.sock"]
    expected.append(f"/tmp/indistack-{user}/agent.sock")
    assert hook.candidates() == ["/mine", *expected]
    monkeypatch.delenv("INDISTACK_SOCKET")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert hook.candidates() == expected[1:]


def test_goes_to_the_first_who_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale, live = tmp_path / "stale", tmp_path / "live"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gone:
        gone.bind(str(stale))
    monkeypatch.setattr(hook, "candidates", lambda: [str(tmp_path / "none"), str(stale), str(live)])
    assert not hook.announce({"path": "/a"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
        agent.bind(str(live))
        assert hook.announce({"path": "/a"})
        assert json.loads(agent.recv(1000)) == {"path": "/a"}


def run_hook(candidates: str) -> None:
    """Run the hook as Ekos does, with an expression for the list of places where an agent may listen."""
    code = f"from indistack import hook\nhook.candidates = lambda: {candidates}\nhook.main()"
    command = [sys.executable, "-c", code, "/a.fits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
        agent.bind(str(tmp_path / "agent"))
        agent.settimeout(60)
        yield agent


def test_an_agent_that_does_not_read_yet_gets_the_frame_and_ekos_goes_on(agent: socket.socket) -> None:
    before = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(BlockingIOError):
        sender.setblocking(False)
        while sender.sendto(b"{}", agent.getsockname()):
            before += 1
    run_hook(repr([agent.getsockname()]))
    received = [json.loads(agent.recv(1000)) for _ in range(before + 1)]
    assert received[-1]["path"] == "/a.fits"


def test_a_busy_machine_delays_the_frame_and_does_not_hold_ekos_up(agent: socket.socket, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stall")
    run_hook(f"open({str(tmp_path / 'stall')!r}).close() or {[agent.getsockname()]}")
    (tmp_path / "stall").write_text("")
    assert json.loads(agent.recv(1000))["path"] == "/a.fits"


def test_its_alarm_does_not_go_off_while_it_ends() -> None:
    code = (
        "import sys, time\nfrom indistack import hook\n"
        "hook.ALL_S = 0.2\nhook.STDIN_S = 0.0\nhook.main()\ntime.sleep(0.4)\nprint('ended')"
    )
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
