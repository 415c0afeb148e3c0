"""Hundreds of frames a few a second, with the stack's device and two more clients on the server."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from pathlib import Path

from indistack.indi.xml_link import XmlLink
from tests.conftest import IndiServer, start_indiserver, wait_until
from tests.integration.running import DEVICE as CAMERA
from tests.integration.running import SCENARIO
from tests.integration.test_indi_device import STACK, Night
from tests.ports import an_unused_port
from tests.soak.figures import Clock, Figures

FRAMES = 500
WARM_UP = 100
AHEAD = 5
"""Frames that may wait for their lines: the camera must not outrun the machine that this runs on."""

PICTURE_S = 1
LONG_S = 120.0
BLOB_END = b"</setBLOBVector>"

MOST_GROWTH_MB = {"driver": 8.0, "agent": 40.0}


class Client(XmlLink):
    """Counts the BLOBs of one device in a thread of its own, and may ask for the next one each time.

    Attributes
    ----------
    blobs : int
        That have come.
    fault : str
        Why it was cut off, "" if it was not.
    """

    def __init__(self, port: int, device: str, exposure_s: float, loops: bool) -> None:
        super().__init__("127.0.0.1", port)
        self._device, self._exposure_s, self._loops = device, exposure_s, loops
        self.blobs, self.fault = 0, ""
        self._ends = threading.Event()
        self.ask(device)
        self._socket.sendall(f'<enableBLOB device="{device}">Also</enableBLOB>'.encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def expose(self) -> None:
        """Ask for a picture."""
        self.put("Number", self._device, "CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": str(self._exposure_s)})

    def end(self) -> None:
        """Listen no more."""
        self._ends.set()
        self._thread.join(LONG_S)

    def _read(self) -> None:
        tail = b""
        while not self._ends.is_set():
            try:
                data = self._socket.recv(1 << 20)
            except TimeoutError:
                continue
            except OSError as error:
                self.fault = str(error)
                return
            if not data:
                self.fault = "the server has closed the connection"
                return
            came = (tail + data).count(BLOB_END)
            tail = b"" if came else (tail + data)[1 - len(BLOB_END) :]
            self.blobs += came
            if came and self._loops:
                self.expose()


def soak(folder: Path, clock: Clock) -> Figures:
    """Take up to `FRAMES` frames, each as soon as the one before is there."""
    figures = Figures("device and two clients")
    if shutil.which("indiserver") is None:
        figures.note = "left out: indiserver is not installed"
        return figures
    servers: list[IndiServer] = []

    def start(*drivers: str | Path, port: int | None = None, folder: Path = folder, **env: str) -> IndiServer:
        (home := folder / "server").mkdir(exist_ok=True)
        servers.append(start_indiserver(home, port or an_unused_port(), tuple(map(str, drivers)), env))
        return servers[-1]

    scenario = SCENARIO.replace("[0.8, -0.4]", "[0.02, -0.01]")  # the whole night on one field
    night = Night(folder, start, wait_until, scenario)
    try:
        night.connect()
        _take(night, clock, figures)
    finally:
        night.end()
        for server in servers:
            server.stop()
    return figures


def _take(night: Night, clock: Clock, figures: Figures) -> None:
    port, early = night.server.port, dict[str, float]()
    camera, viewer = Client(port, CAMERA, 0.01, loops=False), Client(port, STACK, PICTURE_S, loops=True)
    processes = {"driver": night.driver_pid(), "agent": night.agent_pids()[0]}
    begin_s = time.monotonic()
    viewer.expose()
    while figures.delivered < FRAMES and not (clock.is_over() and figures.delivered > WARM_UP) and not camera.fault:
        camera.expose()
        figures.delivered += 1
        wait_until(lambda: camera.blobs >= figures.delivered or bool(camera.fault), LONG_S, "the frame comes")
        wait_until(lambda: _lines(night.output) >= figures.delivered - AHEAD, LONG_S, "the frame has its line")
        if figures.delivered == WARM_UP:
            early = {name: _resident_mb(pid) for name, pid in processes.items()}
    took_s = time.monotonic() - begin_s
    with contextlib.suppress(BaseException):
        wait_until(lambda: _lines(night.output) >= figures.delivered, LONG_S)
    late = {name: _resident_mb(pid) for name, pid in processes.items()}
    for client in (camera, viewer):
        client.end()
    figures.tries, figures.lines = 1, _lines(night.output)
    figures.faults += [f"a client was cut off: {each.fault}" for each in (camera, viewer) if each.fault]
    figures.faults += [] if viewer.blobs else ["no picture of the stack has come"]
    figures.faults += [
        f"the {name} grows: {early[name]:.0f} to {late[name]:.0f} MB"
        for name, most_mb in MOST_GROWTH_MB.items()
        if early and late[name] > early[name] + most_mb
    ]
    figures.note = (
        f"{figures.delivered / took_s:.1f} frames a second, {viewer.blobs} pictures of the stack; MB: "
        + ", ".join(f"{name} {early.get(name, 0):.0f} > {late[name]:.0f}" for name in processes)
    )


def _lines(output: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in output.glob("sessions/*/ledger.jsonl"))


def _resident_mb(pid: int) -> float:
    words = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()
    return int(words[0]) / 1e3
