"""IndiSource against a real indiserver with the stock simulators."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from indistack.errors import SourceError
from indistack.indi.client import IndiClient
from indistack.indi.devices import list_devices
from indistack.sources.indi import IndiSettings, IndiSource
from indistack.values.blob import Blob
from tests.ports import an_unused_port

pytestmark = pytest.mark.skipif(shutil.which("indi_simulator_ccd") is None, reason="needs indi-bin")

CAMERA = "CCD Simulator"
FITS_MAGIC = b"SIMPLE  ="


def until(condition: Callable[[], Any], limit_s: float = 60.0) -> Any:
    """Return the first true value of `condition`; fail after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"nothing after {limit_s} s")


class Panel:
    """A hand on the server's knobs: writes INDI XML, and sees the text that comes back."""

    def __init__(self, port: int) -> None:
        self._socket = until(lambda: self._connect(port))
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()
        self.ask()

    def ask(self) -> None:
        self._socket.sendall(b"<getProperties version='1.7'/>")

    @staticmethod
    def _connect(port: int) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            return None

    def _read(self) -> None:
        with self._socket:
            try:
                while data := self._socket.recv(1 << 16):
                    self.text += data.decode(errors="replace")
            except OSError:
                return

    def put(self, kind: str, name: str, device: str = CAMERA, **elements: object) -> None:
        ones = "".join(f"<one{kind} name='{key}'>{value}</one{kind}>" for key, value in elements.items())
        vector = f"new{kind}Vector"
        self._socket.sendall(f"<{vector} device='{device}' name='{name}'>{ones}</{vector}>".encode())

    def has(self, name: str, device: str = CAMERA) -> bool:
        return f'Vector device="{device}" name="{name}"' in self.text

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)


class Server:
    """indiserver with stock simulators, and the camera connected with small frames."""

    def __init__(
        self, folder: Path, *drivers: str, port: int = 0, size: tuple[int, int] = (512, 512), camera: str = CAMERA
    ) -> None:
        self.port = port or an_unused_port()
        self.folder = folder
        self.size = size
        self.camera = camera
        environment = os.environ | {"HOME": str(folder)} | ({} if camera == CAMERA else {"INDIDEV": camera})
        with (folder / "indiserver.log").open("ab") as log:
            # The local socket's name holds for the whole machine, and for 107 bytes.
            local = f"indistack-{self.port}"
            command = ["indiserver", "-p", str(self.port), "-u", local, *(drivers or ("indi_simulator_ccd",))]
            self.process = subprocess.Popen(command, stderr=log, env=environment)
        self.panel = Panel(self.port)
        self.connect()

    def connect(self) -> None:
        until(lambda: self.panel.has("SIMULATOR_SETTINGS", self.camera))
        self.panel.put("Number", "SIMULATOR_SETTINGS", self.camera, SIM_XRES=self.size[0], SIM_YRES=self.size[1])
        self.panel.put("Number", "POLLING_PERIOD", self.camera, PERIOD_MS=20)
        self.panel.put("Switch", "CONNECTION", self.camera, CONNECT="On", DISCONNECT="Off")
        until(lambda: self.panel.has("CCD_EXPOSURE", self.camera))

    def expose(self, seconds: float = 0.02) -> None:
        self.panel.put("Number", "CCD_EXPOSURE", self.camera, CCD_EXPOSURE_VALUE=seconds)

    def upload(self, mode: str) -> None:
        self.panel.put("Text", "UPLOAD_SETTINGS", UPLOAD_DIR=self.folder, UPLOAD_PREFIX="sub_XXX")
        modes = ("UPLOAD_CLIENT", "UPLOAD_LOCAL", "UPLOAD_BOTH")
        self.panel.put("Switch", "UPLOAD_MODE", **{each: "On" if each == mode else "Off" for each in modes})

    def driver_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(until(lambda: children.read_text().split())[0])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(folder: Path, *drivers: str, **options: Any) -> Iterator[Server]:
    server = Server(folder, *drivers, **options)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


class Agent:
    """An IndiSource in a thread, and what it has emitted."""

    def __init__(self, port: int, device: str = "", *, shared: bool = True) -> None:
        self.shared = shared
        self.blobs: list[Blob] = []
        self.clients: list[IndiClient] = []
        self.error: SourceError | None = None
        self.stop = threading.Event()
        self.source = IndiSource(IndiSettings(port=port, device=device), self._connect)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _connect(self, host: str, port: int, device: str) -> IndiClient:
        self.clients.append(IndiClient(host, port, device, shared=self.shared))
        return self.clients[-1]

    def _run(self) -> None:
        try:
            self.source.run(self.blobs.append, self.stop)
        except SourceError as error:
            self.error = error

    def ready(self) -> bool:
        """Whether the camera is connected and we have its facts."""
        return bool(self.source.status().device)

    def expect(self, count: int, limit_s: float = 60.0) -> list[Blob]:
        until(lambda: len(self.blobs) >= count, limit_s)
        return self.blobs

    def expose_until(self, server: Server, count: int, limit_s: float = 60.0) -> None:
        """Take exposures until `count` blobs have come: for waiting until a new connection is subscribed."""
        deadline = time.monotonic() + limit_s
        while len(self.blobs) < count:
            assert time.monotonic() < deadline, "no frame"
            server.expose()
            before = time.monotonic()
            while len(self.blobs) < count and time.monotonic() - before < 0.5:
                time.sleep(0.01)


@contextmanager
def listening(port: int, device: str = "", *, shared: bool = True) -> Iterator[Agent]:
    agent = Agent(port, device, shared=shared)
    try:
        yield agent
    finally:
        agent.stop.set()
        agent.thread.join(60)
        assert not agent.thread.is_alive()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def agent(server: Server, request: pytest.FixtureRequest) -> Iterator[Agent]:
    with listening(server.port, shared=getattr(request, "param", "memory") == "memory") as agent:
        until(agent.ready)
        agent.expose_until(server, 1)
        agent.blobs.clear()
        yield agent


both_ways = pytest.mark.parametrize("agent", ["memory", "tcp"], indirect=True)


@both_ways
def test_each_exposure_arrives_once(server: Server, agent: Agent) -> None:
    for count in range(1, 6):
        server.expose()
        agent.expect(count)
    assert len(agent.blobs) == 5
    for blob in agent.blobs:
        assert (blob.device, blob.origin, blob.suffix, blob.fault) == (CAMERA, f"{CAMERA}.CCD1", ".fits", "")
        assert bytes(blob.data[:9]) == FITS_MAGIC
        assert blob.size_bytes % 2880 == 0
    assert agent.source.status().connected
    assert agent.source.status().facts["CCD_INFO"]["CCD_MAX_X"] == 512


def test_starts_before_the_server_and_survives_its_death(tmp_path: Path) -> None:
    port = an_unused_port()
    with listening(port) as agent:
        until(lambda: "refused" in agent.source.status().last_error)
        with serving(tmp_path, port=port) as server:
            until(agent.ready)
            agent.expose_until(server, 1)
            server.kill()
            until(lambda: not agent.source.status().connected)
        with serving(tmp_path, port=port) as server:
            until(agent.ready)
            agent.expose_until(server, 2)


def test_frames_of_a_camera_in_another_s_place_are_taken_from_its_first_on(tmp_path: Path) -> None:
    with listening(port := an_unused_port()) as agent:
        with serving(tmp_path, port=port) as server:
            until(agent.ready)
            agent.expose_until(server, 1)
        with serving(tmp_path, port=port, camera="Other CCD") as server:
            until(lambda: "'CCD Simulator' is gone" in agent.source.status().last_error)
            before = len(agent.blobs)
            for count in (1, 2, 3):
                server.expose()
                kept = f"{count} frame{'s' if count > 1 else ''} of 'Other CCD'"
                until(lambda kept=kept: kept in agent.source.status().last_error)
            assert len(agent.blobs) == before
            until(agent.ready)
            server.expose()
            agent.expect(before + 4)
            assert {blob.device for blob in agent.blobs[before:]} == {"Other CCD"}
            assert agent.source.status().last_error == ""


def test_goes_on_when_the_driver_is_killed(server: Server, agent: Agent) -> None:
    os.kill(killed := server.driver_pid(), signal.SIGKILL)
    until(lambda: server.driver_pid() != killed)
    server.panel.text = ""
    server.panel.ask()
    server.connect()
    agent.expose_until(server, 1)


def test_goes_on_when_its_own_process_is_killed(server: Server, agent: Agent) -> None:
    first = agent.clients[0].pid
    server.expose()
    agent.expect(1)
    os.kill(first, signal.SIGKILL)
    agent.expose_until(server, 2)
    assert agent.clients[0].pid != first
    assert agent.source.status().last_error == ""
    assert bytes(agent.blobs[0].data[:9]) == FITS_MAGIC  # what a dead process sent stays


@both_ways
@pytest.mark.parametrize(
    ("mode", "origins"), [("UPLOAD_CLIENT", ["blob"]), ("UPLOAD_BOTH", ["path", "blob"]), ("UPLOAD_LOCAL", ["path"])]
)
def test_upload_modes(server: Server, agent: Agent, mode: str, origins: list[str]) -> None:
    server.upload(mode)
    for count in (1, 2):
        server.expose()
        agent.expect(count * len(origins))
    assert mode in agent.source.status().facts["UPLOAD_MODE"]
    assert ["path" if blob.path else "blob" for blob in agent.blobs] == origins * 2
    assert all(bytes(blob.data[:9]) == FITS_MAGIC and blob.suffix == ".fits" for blob in agent.blobs)
    if mode == "UPLOAD_BOTH":
        assert bytes(agent.blobs[0].data) == bytes(agent.blobs[1].data)
        assert agent.blobs[0].path is not None
        assert agent.blobs[0].path.parent == server.folder


@both_ways
def test_compressed_frames_come_whole(server: Server, agent: Agent) -> None:
    server.panel.put("Switch", "CCD_COMPRESSION", INDI_ENABLED="On", INDI_DISABLED="Off")
    server.expose()
    blob = agent.expect(1)[0]
    assert blob.suffix in (".fits.fz", ".fits.z")
    if blob.suffix == ".fits.z":
        assert zlib.decompress(blob.data)[:9] == FITS_MAGIC
    else:
        assert b"ZIMAGE" in bytes(blob.data[:8640])


def test_memory_stays_flat(tmp_path: Path) -> None:
    with serving(tmp_path, size=(2048, 1536)) as server, listening(server.port) as agent:
        until(agent.ready)
        agent.expose_until(server, 1)
        for count in range(24):
            agent.blobs.clear()
            server.expose()
            assert agent.expect(1)[0].size_bytes > 6_000_000
            if count == 3:
                early = memory_kb(agent.clients[0].pid, "VmRSS"), open_files()
        agent.blobs.clear()
        late = memory_kb(agent.clients[0].pid, "VmRSS"), open_files()
    assert late[0] - early[0] < 7_000, "the INDI process keeps frames"
    assert late[1] <= early[1]
    assert memory_kb(os.getpid(), "RssShmem") < 7_000, "the agent keeps frames"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def memory_kb(pid: int, word: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition(f"{word}:")[2].split()[0])


def test_a_server_that_never_answers_is_told_from_one_that_does(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, listening(port := mute.getsockname()[1]) as agent:
        until(lambda: "no camera yet" in agent.source.status().last_error)
        assert not agent.source.status().connected
        mute.close()
        with serving(tmp_path, port=port) as server:
            until(agent.ready)
            agent.expose_until(server, 1)


def test_of_two_cameras_the_one_that_does_not_guide_is_taken(tmp_path: Path) -> None:
    drivers = "indi_simulator_ccd", "indi_simulator_guide", "indi_simulator_telescope"
    with serving(tmp_path, *drivers) as server, listening(server.port) as agent:
        until(agent.ready)
        agent.expose_until(server, 1)
        assert agent.blobs[0].device == CAMERA
        assert agent.source.status().cameras == (CAMERA, "Guide Simulator")


def test_a_mount_that_is_named_is_told_from_a_camera(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "indi_simulator_ccd", "indi_simulator_telescope") as server,
        listening(server.port, "Telescope Simulator") as agent,
    ):
        until(lambda: "is no camera but a mount" in agent.source.status().last_error)


def test_list_devices(server: Server) -> None:
    (facts,) = list_devices("127.0.0.1", server.port)
    assert (facts.name, facts.driver, facts.connected) == (CAMERA, "indi_simulator_ccd", True)
    assert "camera" in facts.interfaces
    assert "CCD1" in facts.blobs
    with pytest.raises(SourceError, match="refused"):
        list_devices("127.0.0.1", an_unused_port(), 1.0)


@both_ways
def test_frames_come_as_memory_only_where_they_may(server: Server, agent: Agent) -> None:
    sockets = Path("/proc/net/unix").read_text().splitlines()
    local = [line for line in sockets if line.endswith(f"@indistack-{server.port}")]
    assert len(local) == (2 if agent.shared else 1)  # the server listens; and somebody is connected


@both_ways
def test_a_frame_brings_what_was_set_before_it(server: Server, agent: Agent) -> None:
    """By two ways, what the driver said first must be known first."""
    for gain in range(1, 16):
        server.panel.put("Number", "CCD_GAIN", GAIN=gain)
        server.expose(0.01)
        agent.expect(gain)
        assert agent.source.status().facts["CCD_GAIN"]["GAIN"] == gain
