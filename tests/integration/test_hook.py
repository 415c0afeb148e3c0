"""The Ekos hook as Ekos runs it: a program without arguments, whose end it waits for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indistack.sources.hook import HookSettings, HookSource
from indistack.values.blob import Blob

SCRIPT = Path(__file__).parents[2] / "scripts" / "ekos" / "post-capture"
LIMIT_S = 1.5
"""0.5 s is the promise, kept on an idle machine; the machine that tests may be busy."""

Run = Callable[..., float]


@pytest.fixture(params=["script", "module"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run the hook somewhere else with a bare environment; return how long it took."""
    module = [sys.executable, "-c", "import sys; from indistack.hook import main; sys.exit(main())"]
    command = [str(SCRIPT)] if request.param == "script" else module

    def run(*arguments: str, text: str | None = None, socket: str = "", path: str = os.environ["PATH"]) -> float:
        environment = {"PATH": path, "PYTHONPATH": str(SCRIPT.parents[2])}
        environment["INDISTACK_SOCKET"] = socket or str(tmp_path / "none")
        environment["XDG_RUNTIME_DIR"] = environment["XDG_CONFIG_HOME"] = str(tmp_path)
        environment["INDISTACK_OUTPUT"] = str(tmp_path / "out")
        began = time.monotonic()
        with subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment,
        ) as process:
            assert process.stdin is not None
            if text is not None:
                process.stdin.write(text.encode())
                process.stdin.close()
            assert process.wait(60) == 0
            took_s = time.monotonic() - began
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.read() + process.stderr.read() == b""
        return took_s

    return run


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[tuple[list[Blob], str]]:
    blobs: list[Blob] = []
    stop = threading.Event()
    source = HookSource(HookSettings(socket=str(tmp_path / "run" / "agent.sock")))
    thread = threading.Thread(target=source.run, args=(blobs.append, stop))
    thread.start()
    deadline = time.monotonic() + 60
    while source.path is None and time.monotonic() < deadline:
        time.sleep(0.01)
    yield blobs, str(source.path)
    stop.set()
    thread.join(60)


def expect(blobs: list[Blob], path: Path) -> None:
    deadline = time.monotonic() + 60
    while not blobs and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [blob.path for blob in blobs] == [path]


def test_new_ekos_tells_the_file(run: Run, agent: tuple[list[Blob], str], tmp_path: Path) -> None:
    blobs, socket = agent
    (path := tmp_path / "Light_001.fits").write_bytes(b"x")
    said = {"script_type": "POST_CAPTURE", "job": {"type": "Light"}, "fits": {"filename": str(path), "headers": {}}}
    run(text=json.dumps(said), socket=socket)
    expect(blobs, path)


def test_old_handbooks_tell_it_as_an_argument(run: Run, agent: tuple[list[Blob], str], tmp_path: Path) -> None:
    blobs, socket = agent
    (path := tmp_path / "Light_001.fits").write_bytes(b"x")
    run(str(path), socket=socket)
    expect(blobs, path)


def test_ekos_3_6_2_leaves_standard_input_open_and_silent(run: Run) -> None:
    run()  # warm
    assert min(run() for _ in range(3)) < LIMIT_S


@pytest.mark.parametrize("text", ["", "nonsense", "{}", '{"fits": {"filename": 3}}'])
def test_without_an_agent_it_ends_with_0_and_says_nothing(run: Run, text: str) -> None:
    assert run(text=text) < LIMIT_S


def test_without_standard_input_at_all() -> None:
    closed = subprocess.run(["sh", "-c", f'exec "{SCRIPT}" <&-'], capture_output=True, timeout=60, check=False)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"")


def test_through_a_link(tmp_path: Path) -> None:
    (link := tmp_path / "my hook").symlink_to(SCRIPT)
    linked = subprocess.run([str(link)], input=b"", capture_output=True, timeout=60, check=False)
    assert (linked.returncode, linked.stdout, linked.stderr) == (0, b"", b"")
