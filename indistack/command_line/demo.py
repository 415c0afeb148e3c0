"""indiserver, a simulated camera and the agent on this machine, for a first look."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indistack.config import Config
from indistack.errors import IndistackError
from indistack.indi import Sequencer
from indistack.sources import Emit, IndiSettings, IndiSource, Source
from indistack.system import child_process

DRIVER = "simulators/bin/indistack_sim_cmos"
DEVICE = "Indistack CMOS"
EXPOSURE_S = 1.0
START_TIMEOUT_S = 10.0
END_TIMEOUT_S = 5.0
POLL_S = 0.2
TOLD_LINES = 5

PLACES = (child_process.ROOT, Path(__file__).parents[1])
"""Where the simulators lie: beside the package in a checkout, in it where it is installed."""


class DemoServer:
    """A running indiserver with the simulated camera.

    Parameters
    ----------
    process : Popen
        The server; it ends when its driver does.
    port : int
        Where it listens.
    logs : tuple of Path
        What the driver and the server write.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, logs: tuple[Path, Path]) -> None:
        self._process = process
        self.port = port
        self._logs = logs

    @property
    def is_alive(self) -> bool:
        """Whether frames may still come."""
        return self._process.poll() is None

    def await_port(self) -> None:
        """Return when the server answers; raise `IndistackError` when it does not."""
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s and self.is_alive:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise IndistackError(f"indiserver did not start:\n{self.last_words()}")

    def last_words(self) -> str:
        """Return what the driver has said at last, else what the server has."""
        texts = (path.read_text(errors="replace").strip() for path in self._logs if path.exists())
        said = next(filter(None, texts), "")
        return "\n".join(said.splitlines()[-TOLD_LINES:])


class DemoSource(IndiSource):
    """The simulated camera; no more frames come from it once its server has died."""

    def __init__(self, settings: IndiSettings, server: DemoServer) -> None:
        super().__init__(settings)
        self._server = server

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver frames until `stop` is set or the server has died."""
        over = threading.Event()
        threading.Thread(target=self._watch, args=(stop, over), daemon=True).start()
        super().run(emit, over)

    def _watch(self, stop: threading.Event, over: threading.Event) -> None:
        while self._server.is_alive and not stop.wait(POLL_S):
            pass
        over.set()


def run(config: Config, folder: Path, agent: Callable[[Config, Source, Path], None]) -> list[Path]:
    """Start everything, let the agent work, stop everything.

    Parameters
    ----------
    config : Config
        Settings; host, port and device are replaced.
    folder : Path
        Output folder.
    agent : callable
        Runs the agent with the settings, the source and the folder until it is done.

    Returns
    -------
    list of Path
        The files made.

    Raises
    ------
    IndistackError
        indiserver is missing, does not start, or dies, as it does when its driver dies; the message has their words.
    """
    with tempfile.TemporaryDirectory(prefix="indistack-demo-") as scratch, _indiserver(Path(scratch)) as server:
        indi = config.indi.model_copy(update={"host": "127.0.0.1", "port": server.port, "device": DEVICE})
        with _exposing(server):
            agent(config.model_copy(update={"indi": indi}), DemoSource(indi, server), folder)
    return [path for path in (folder / "stack.fits", folder / "stack.png") if path.exists()]


def run_camera(port: int, stop: threading.Event) -> None:
    """Have the simulated camera expose at a port of this machine until `stop` is set; raises as `run`."""
    scratch = tempfile.TemporaryDirectory(prefix="indistack-demo-")
    with scratch as folder, _indiserver(Path(folder), port) as server, _exposing(server):
        while server.is_alive and not stop.wait(POLL_S):
            pass


@contextmanager
def _exposing(server: DemoServer) -> Iterator[None]:
    """Let the camera take one exposure after the other meanwhile; raise `IndistackError` where it has died."""
    stop = threading.Event()
    camera = Sequencer("127.0.0.1", server.port, DEVICE)
    thread = threading.Thread(target=camera.run, args=(EXPOSURE_S, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
    if not server.is_alive:
        raise IndistackError(f"the simulated camera has died:\n{server.last_words()}")


@contextmanager
def _indiserver(scratch: Path, port: int = 0) -> Iterator[DemoServer]:
    """Run indiserver with the simulated camera on a port of this machine, 0: a free one; end it afterwards."""
    program = shutil.which("indiserver")
    if program is None:
        raise IndistackError("indiserver is not installed; on Debian: sudo apt install indi-bin")
    driver = next((path for place in PLACES if (path := place / DRIVER).exists()), None)
    if driver is None:
        raise IndistackError(f"the simulators are missing: no {DRIVER} in {PLACES[0]} or {PLACES[1]}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise IndistackError(f"port {port} of this machine: {error.strerror}") from error
        port = int(probe.getsockname()[1])
    logs = scratch / "driver.log", scratch / "indiserver.log"
    environment = os.environ | {
        "INDISTACK_SIM_SCENARIO": "demo",
        "INDISTACK_SIM_TRUTH": str(scratch / "truth.jsonl"),
        "INDISTACK_SIM_PYTHON": sys.executable,
        "INDISTACK_SIM_FOR": str(os.getpid()),
        "INDISTACK_SIM_LOG": str(logs[0]),
    }
    # Without restarts the server ends with its only driver, so that one thing needs to be watched. The name of its
    # local socket belongs to no folder: another one for each server of this machine, of 107 bytes at most.
    command = [program, "-p", str(port), "-r", "0", "-u", f"indistack-demo-{port}", str(driver)]
    with logs[1].open("wb") as log_file:
        process = child_process.start(
            command, stdout=log_file, stderr=log_file, environment=environment, folder=scratch
        )
    server = DemoServer(process, port, logs)
    try:
        server.await_port()
        yield server
    finally:
        child_process.end(process, END_TIMEOUT_S)
