"""What receives frames is killed while a frame comes: its own process, or the whole agent."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import socketserver
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.exposure import Exposure
from tests.pipeline.night import make_sky
from tests.soak.figures import Clock, Figures

PIECES, PIECE_S, PATIENCE_S = 12, 0.02, 60.0
CAMERA = "Soak Camera"

ABOUT = f"""
<defTextVector device="{CAMERA}" name="DRIVER_INFO" state="Ok" perm="ro"><defText name="DRIVER_NAME">Soak</defText>
<defText name="DRIVER_EXEC">soak</defText><defText name="DRIVER_INTERFACE">2</defText></defTextVector>
<defSwitchVector device="{CAMERA}" name="CONNECTION" state="Ok" perm="rw" rule="OneOfMany">
<defSwitch name="CONNECT">On</defSwitch><defSwitch name="DISCONNECT">Off</defSwitch></defSwitchVector>
<defNumberVector device="{CAMERA}" name="CCD_EXPOSURE" state="Ok" perm="rw">
<defNumber name="CCD_EXPOSURE_VALUE" format="%g" min="0" max="1" step="0">0</defNumber></defNumberVector>
<defBLOBVector device="{CAMERA}" name="CCD1" state="Ok" perm="ro"><defBLOB name="CCD1"/></defBLOBVector>
""".encode()


class _Client(socketserver.BaseRequestHandler):
    """Tells a client of the camera, and remembers it for frames once it asks for these."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, CameraServer)
        try:
            while heard := self.request.recv(1 << 16):
                if b"getProperties" in heard:
                    self.request.sendall(ABOUT)
                if b"enableBLOB" in heard:
                    server.listener = self.request
        except OSError:
            return
        finally:
            if server.listener is self.request:
                server.listener = None


class CameraServer(socketserver.ThreadingTCPServer):
    """An INDI server with one camera, on a free port of this machine.

    Attributes
    ----------
    listener : socket or None
        Of the client that asked for frames last, while it is there.
    """

    daemon_threads = True
    allow_reuse_address = True
    listener: Any = None

    def deliver(self, frame: bytes) -> None:
        """Send a frame in pieces, as a network does; one that nobody hears to the end is gone."""
        text = base64.b64encode(frame)
        head = f'<setBLOBVector device="{CAMERA}" name="CCD1" state="Ok"><oneBLOB name="CCD1" size="{len(frame)}"'
        message = f'{head} format=".fits">'.encode() + text + b"</oneBLOB></setBLOBVector>\n"
        step = len(message) // PIECES + 1
        for begin in range(0, len(message), step):
            try:
                self.listener.sendall(message[begin : begin + step])
            except (OSError, AttributeError):
                return
            time.sleep(PIECE_S)


class _Night:
    """An agent as a process, which is started again whenever it was killed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.out = folder / "out"
        words = ["run", "--port", str(port), "--output-dir", self.out, "--listen", "off"]
        settings = ["hook.enabled=false", "solve.program=off", "spool.min_free_gb=0", "checkpoint.interval_s=0"]
        options = [word for setting in settings for word in ("--set", setting)]
        self._command = [sys.executable, "-m", "indistack", *map(str, words), *options]
        self._log = folder / "agent.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.agent = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self, chance: random.Random) -> None:
        """Kill the agent, or the process of its own that receives."""
        children = Path(f"/proc/{self.agent.pid}/task").glob("*/children")
        receivers = [int(word) for path in children for word in path.read_text().split()]
        if receivers and chance.random() < 0.5:
            os.kill(chance.choice(receivers), signal.SIGKILL)
            return
        self.agent.kill()
        self.agent.wait()
        self.start()

    def seen(self) -> list[tuple[int, str]]:
        """Return number and time of exposure (ISO 8601, UTC) of each line, of all sessions."""
        texts = [path.read_text() for path in sorted(self.out.glob("sessions/*/ledger.jsonl"))]
        lines = [json.loads(line) for text in texts for line in text.splitlines(True) if line.endswith("\n")]
        return [(line["number"], line.get("date_obs") or "") for line in lines if line["outcome"] != "filed"]

    def end(self) -> int:
        self.agent.send_signal(signal.SIGTERM)
        return self.agent.wait(PATIENCE_S)


def soak(folder: Path, clock: Clock) -> Figures:
    """Kill at a random instant while every other frame comes; only that one may be lost, and each is counted.

    Frames are told from each other by when they were exposed: one that was in flight excuses the loss of no other.
    """
    figures, chance = Figures("receiver killed"), random.Random(2)
    sky = make_sky(width_px=320, height_px=240, n_stars=80, mag_max=11.0)
    with CameraServer(("127.0.0.1", 0), _Client) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        night = _Night(folder, server.server_address[1])
        try:
            delivered, risked = _frames(figures, night, server, sky, clock, chance)
            if not _until(lambda: server.listener is not None) or night.end():
                figures.faults.append("the agent does not end well")
        finally:
            night.agent.kill()
            server.shutdown()
    _count(figures, night.seen(), delivered, risked)
    return figures


def _count(figures: Figures, lines: list[tuple[int, str]], delivered: list[str], risked: set[str]) -> None:
    """Compare the lines with what was delivered; those in flight at a kill are excused, and told."""
    numbers, seen = [number for number, _ in lines], {when for _, when in lines}
    if numbers != list(range(1, len(numbers) + 1)):
        figures.faults.append(f"numbers {numbers}")
    if foreign := seen - set(delivered):
        figures.faults.append(f"lines of frames that nobody delivered: {sorted(foreign)}")
    lost = set(delivered) - seen
    if wrongly := lost - risked:
        figures.faults.append(f"lost, though nobody was killed: {sorted(wrongly)}")
    figures.delivered, figures.lines = len(set(delivered) - (lost & risked)), len(seen)
    figures.note = f"{len(lost & risked)} frames in flight were lost with {figures.tries} kills"


def _frames(
    figures: Figures, night: _Night, server: CameraServer, sky: Any, clock: Clock, chance: random.Random
) -> tuple[list[str], set[str]]:
    """Deliver frames until time is over; return their times, and of those that were in flight when one was killed."""
    delivered, risked = list[str](), set[str]()
    dead: Any = None
    while not clock.is_over():
        if not _until(lambda dead=dead: server.listener not in (None, dead)):
            figures.faults.append("nobody listens any more")
            break
        before = len(night.seen())
        exposure = sky.expose()
        delivered.append(_when(exposure))
        sender = threading.Thread(target=server.deliver, args=(exposure.to_fits(),))
        sender.start()
        is_risky = len(delivered) % 2 == 0
        if is_risky:
            time.sleep(chance.uniform(0, 1.5 * PIECES * PIECE_S))
            dead = server.listener  # its end is not seen at once
            night.kill(chance)
            figures.tries += 1
            risked.add(delivered[-1])
        sender.join()
        if not is_risky and not _until(lambda before=before: len(night.seen()) > before):
            figures.faults.append(f"frame {len(delivered)} has no line, and nobody was killed")
    return delivered, risked


def _when(exposure: Exposure) -> str:
    """When it was exposed, in the words of a ledger's line."""
    told = datetime.fromisoformat(str(exposure.header["DATE-OBS"]))
    return told.replace(tzinfo=UTC).isoformat()


def _until(condition: Any) -> bool:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(0.05)
    return False
