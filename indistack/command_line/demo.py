"""indiserver, a simulated camera and the agent on this machine, for a first look."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indistack.config import Config
from indistack.errors import IndistackError
from indistack.indi import Sequencer
from indistack.sources import IndiSource, Source
from indistack.system import child_process

log = logging.getLogger(__name__)

DRIVER = child_process.ROOT / "simulators" / "bin" / "indistack_sim_cmos"
DEVICE = "Indistack CMOS"
EXPOSURE_S = 1.0
START_TIMEOUT_S = 10.0
END_TIMEOUT_S = 5.0


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
        indiserver is missing or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="indistack-demo-") as scratch, _indiserver(Path(scratch)) as port:
        indi = config.indi.model_copy(update={"host": "127.0.0.1", "port": port, "device": DEVICE})
        stop = threading.Event()
        camera = Sequencer("127.0.0.1", port, DEVICE)
        thread = threading.Thread(target=camera.run, args=(EXPOSURE_S, stop), daemon=True)
        thread.start()
        try:
            agent(config.model_copy(update={"indi": indi}), IndiSource(indi), folder)
        finally:
            stop.set()
            thread.join(5)
    return [path for path in (folder / "stack.fits", folder / "stack.png") if path.exists()]


@contextmanager
def _indiserver(scratch: Path) -> Iterator[int]:
    """Run indiserver with the simulated camera on a free port of this machine; end it afterwards."""
    program = shutil.which("indiserver")
    if program is None:
        raise IndistackError("indiserver is not installed; on Debian: sudo apt install indi-bin")
    if not DRIVER.exists():
        raise IndistackError(f"{DRIVER}: the simulators are not here; run the demo in a checkout of the project")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"INDISTACK_SIM_SCENARIO": "demo", "INDISTACK_SIM_TRUTH": str(scratch / "truth.jsonl")}
    command = [program, "-p", str(port), "-u", str(scratch / "indiserver"), str(DRIVER)]
    with (scratch / "indiserver.log").open("wb") as log_file:
        server = child_process.start(command, stdout=log_file, stderr=log_file, environment=environment)
    try:
        _await_port(port, server, scratch / "indiserver.log")
        yield port
    finally:
        child_process.end(server, END_TIMEOUT_S)


def _await_port(port: int, server: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise IndistackError(f"indiserver did not start: {log_path.read_text(errors='replace')[-500:]}")
