"""Fixtures for all tests: places, free ports, and real INDI servers on the loopback interface."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import HOST, an_unused_port

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def free_port() -> int:
    """Give a TCP port of the loopback interface that nothing listens on."""
    return an_unused_port()


# Whoever starts the tests in the background has them ignore these, and all programs that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _own_calibration_library(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the calibration library of the person who runs the tests out of them."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def _settings_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = tmp_path_factory.mktemp("config")
    (settings / "indistack").mkdir()
    (settings / "indistack" / "indistack.toml").write_text('[web]\nlisten = "off"\n')
    return settings


@pytest.fixture(autouse=True)
def _no_page(_settings_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the person who runs the tests out of them; no agent starts a page unless a test wants it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(_settings_home))


@pytest.fixture(autouse=True)
def _no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a plate solver that may be installed here out of tests that are not about it."""
    monkeypatch.setattr("indistack.solve.background.find_program", lambda settings: None)


@pytest.fixture(autouse=True)
def _no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what helpers of earlier tests hold, which stay warm, out of the memory that later ones count."""
    monkeypatch.setattr("indistack.session.memory_need.children_bytes", lambda: (0, 0))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real frames beside the checkout; without it, the test is skipped."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real frames, ../shared/data, is not here")
    return folder


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0, what: str = "") -> None:
    """Return as soon as `condition` holds; fail the test if it does not within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            pytest.fail(f"waited {timeout_s:g} s in vain{': ' if what else ''}{what}")
        time.sleep(0.02)


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[..., None]:
    """Give `wait_until(condition, timeout_s=60, what="")`, for what other processes do in their own time."""
    return wait_until


@dataclass
class IndiServer:
    """A real indiserver with its drivers; `folder` is its home, with its log and FIFO."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What the server and its drivers have written so far."""
        return (self.folder / "indiserver.log").read_text(errors="replace")

    def is_answering(self) -> bool:
        """Return whether the port takes connections."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False

    def control(self, command: str) -> None:
        """Send the running server a command, such as ``start DRIVER`` or ``stop DRIVER``."""
        (self.folder / "fifo").write_text(command + "\n")

    def stop(self) -> None:
        """End the server and its drivers, politely first."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=60)
        self.kill()

    def kill(self) -> None:
        """End the server and its drivers at once, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # a group of its own: see `start_indiserver`
        self.process.wait()


def start_indiserver(folder: Path, port: int, drivers: tuple[str, ...], env: Mapping[str, str]) -> IndiServer:
    """Start an indiserver that keeps all its files in `folder`, and wait until it answers."""
    fifo = folder / "fifo"
    if not fifo.exists():
        os.mkfifo(fifo)
    command = ["indiserver", "-v", "-p", str(port), "-u", f"indistack-{port}", "-f", str(fifo), *drivers]
    # HOME: the drivers keep their settings there, and those of the person who runs the tests are not ours to touch.
    environment = {**os.environ, "HOME": str(folder), **env}
    with (folder / "indiserver.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    server = IndiServer(folder, port, process)
    try:
        wait_until(lambda: server.is_answering() or process.poll() is not None, what="indiserver answers")
        if process.poll() is not None:
            pytest.fail(f"indiserver ended with {process.returncode}:\n{server.log}")
    except BaseException:
        server.kill()
        raise
    return server


@pytest.fixture
def indiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., IndiServer]]:
    """Give `indiserver(*drivers, port=None, folder=None, **environment)`, which starts a real server.

    Drivers are names or paths. A server of the same `port` and `folder` as one before is that one, restarted.
    Every server and driver is ended when the test is over. Without indiserver, the test is skipped.
    """
    if shutil.which("indiserver") is None:
        pytest.skip("indiserver is not installed (Debian package indi-bin)")
    servers: list[IndiServer] = []

    def start(*drivers: str | Path, port: int | None = None, folder: Path | None = None, **env: str) -> IndiServer:
        server = start_indiserver(
            folder or tmp_path_factory.mktemp("indi"), port or an_unused_port(), tuple(map(str, drivers)), env
        )
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
