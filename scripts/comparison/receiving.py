"""What receiving a frame from a real indiserver costs, by TCP and as memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from indistack.indi.client import IndiClient
from indistack.indi.events import CameraChoice, FrameBlob
from indistack.indi.xml_link import XmlLink

CAMERA, DRIVER = "CCD Simulator", "indi_simulator_ccd"
AS_MEMORY, BY_TCP = "as memory", "by TCP"
START_S = 20.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU ms a frame of the INDI process and of the server, seconds from exposure to frame."""

    way: str
    ours_ms: float
    server_ms: float
    wall_s: float


def can_receive() -> bool:
    """Tell whether there is a server with a camera."""
    return shutil.which("indiserver") is not None and shutil.which(DRIVER) is not None


def measure_receiving(folder: Path, port: int, size_px: tuple[int, int], frames: int) -> list[Cost]:
    """Receive frames by each way in turn, from a server of our own in a folder."""
    with _server(folder, port, size_px) as server:
        return [_receive(server, port, shared, frames) for shared in (False, True)]


@contextmanager
def _server(folder: Path, port: int, size_px: tuple[int, int]) -> Iterator[int]:
    command = ["indiserver", "-p", str(port), "-u", f"indistack-{port}", DRIVER]
    environment = os.environ | {"HOME": str(folder)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            with _link(port) as link:
                _await(link, "SIMULATOR_SETTINGS")
                size = {"SIM_XRES": str(size_px[0]), "SIM_YRES": str(size_px[1])}
                link.put("Number", CAMERA, "SIMULATOR_SETTINGS", size)
                link.put("Switch", CAMERA, "CONNECTION", {"CONNECT": "On"})
                _await(link, "CCD_EXPOSURE")
            yield server.pid
        finally:
            server.terminate()


def _link(port: int) -> XmlLink:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return XmlLink("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _await(link: XmlLink, name: str) -> None:
    link.ask()
    deadline = time.monotonic() + START_S
    while not any(message.get("name") == name for message in link.messages()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{CAMERA} has no {name}")


def _receive(server: int, port: int, shared: bool, frames: int) -> Cost:
    with IndiClient("127.0.0.1", port, shared=shared) as client, XmlLink("127.0.0.1", port) as link:
        while not (isinstance(event := client.get(START_S), CameraChoice) and event.device):
            if event is None:
                raise TimeoutError("no camera")
        link.ask()  # servers since 2.0 hear nobody who has not asked
        time.sleep(0.5)  # until the server knows what we want
        _expose(client, link)  # fresh memory
        before = cpu_s(client.pid), cpu_s(server), time.monotonic()
        for _ in range(frames):
            _expose(client, link)
        spent = cpu_s(client.pid) - before[0], cpu_s(server) - before[1], time.monotonic() - before[2]
    return Cost(AS_MEMORY if shared else BY_TCP, spent[0] / frames * 1000, spent[1] / frames * 1000, spent[2] / frames)


def _expose(client: IndiClient, link: XmlLink) -> None:
    link.put("Number", CAMERA, "CCD_EXPOSURE", {"CCD_EXPOSURE_VALUE": "0.01"})
    while not isinstance(event := client.get(START_S), FrameBlob):
        if event is None:
            raise TimeoutError("no frame")


def cpu_s(pid: int) -> float:
    """Return how long processors have been busy for a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS_PER_S
