"""How long after a sub a client of the INDI device has the new stack, and what of that time is whose work."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from comparison.receiving import cpu_s
from indistack import hook
from indistack.commands import read_state

DEVICE = "Live Stack"
START_S, SUB_S = 60.0, 120.0
PAUSE_S = 1.0
BLOB_END = b"</setBLOBVector>"
N_SUBS = re.compile(rb"name=\"SUBS\"[^>]*>\s*(\d+)")
CONNECTED = re.compile(rb"<setSwitchVector[^>]*name=\"CONNECTION\"[^>]*state=\"Ok\"")


class Latency(NamedTuple):
    """Of one sub: its number, ms from its decision to the whole picture at the client, CPU ms of driver and server."""

    sub: int
    ms: float
    driver_ms: float
    server_ms: float


def measure_latency(folder: Path, port: int, subs: Sequence[Path]) -> list[Latency]:
    """Announce files one by one to an agent that the device has started, and take a picture after each."""
    with _device(folder, port) as (server, socket_path), _Client(port) as client:
        client.until(b'name="CCD_EXPOSURE"', START_S)
        client.send(f'<enableBLOB device="{DEVICE}">Also</enableBLOB>')
        client.set("Switch", "CONNECTION", CONNECT="On")
        while not CONNECTED.search(client.read(START_S)):
            pass
        _await(socket_path)
        driver = _child_of(server)
        return [_measure(client, driver, server, folder / "out", number, path) for number, path in enumerate(subs, 1)]


class _Client:
    """A client that takes what comes and keeps what it has not looked at."""

    def __init__(self, port: int) -> None:
        deadline_s = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                self._socket = socket.create_connection(("127.0.0.1", port), 2)
                break
            if time.monotonic() > deadline_s:
                raise TimeoutError("no server")
            time.sleep(0.1)
        self.send('<getProperties version="1.7"/>')

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def set(self, kind: str, vector: str, **values: str) -> None:
        ones = "".join(f'<one{kind} name="{name}">{value}</one{kind}>' for name, value in values.items())
        self.send(f'<new{kind}Vector device="{DEVICE}" name="{vector}">{ones}</new{kind}Vector>')

    def read(self, patience_s: float) -> bytes:
        self._socket.settimeout(patience_s)
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server is gone")
        return data

    def until(self, mark: bytes, patience_s: float) -> bytes:
        """Return all up to the message with a mark; what has come after it is nothing that anybody waits for."""
        pieces, tail = [], b""
        while mark not in tail:
            pieces.append(self.read(patience_s))
            tail = tail[-len(mark) :] + pieces[-1]
        return b"".join(pieces)


def _measure(client: _Client, driver: int, server: int, output: Path, number: int, path: Path) -> Latency:
    client.set("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE="600")
    time.sleep(PAUSE_S)
    before = cpu_s(driver), cpu_s(server)
    hook.announce({"path": str(path), "script": hook.POST_CAPTURE})
    said = client.until(BLOB_END, SUB_S)
    came = datetime.now(UTC)
    found = N_SUBS.findall(said[: 1 << 16])
    if int(found[-1]) != number:
        raise RuntimeError(f"a picture of {found[-1].decode()} subs, {number} are wanted")
    spent = cpu_s(driver) - before[0], cpu_s(server) - before[1]
    ms = 1e3 * (came - _decided(output)).total_seconds()
    return Latency(number, ms, 1e3 * spent[0], 1e3 * spent[1])


def _decided(output: Path) -> datetime:
    """Return when the newest sub's way was at its end."""
    deadline_s = time.monotonic() + SUB_S
    while time.monotonic() < deadline_s:
        session = read_state(output).session
        lines = (output / "sessions" / str(session) / "ledger.jsonl").read_text().splitlines() if session else []
        if lines:
            return datetime.fromisoformat(json.loads(lines[-1])["time"])
        time.sleep(0.05)
    raise TimeoutError("no ledger")


@contextmanager
def _device(folder: Path, port: int) -> Iterator[tuple[int, Path]]:
    """Run a server with the device; yield its process id, and where the device's agent will listen for the hook."""
    program, config, listening = folder / "indi_indistack", folder / "indistack", folder / "run" / "agent.sock"
    program.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m indistack.faces.indi_device.main\n")
    program.chmod(0o755)
    config.mkdir()
    (config / "indistack.toml").write_text('[web]\nlisten = "off"\n[solve]\nprogram = "off"\n')
    os.environ["INDISTACK_SOCKET"] = str(listening)
    environment = os.environ | {
        "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "INDISTACK_OUTPUT": str(folder / "out"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    command = ["indiserver", "-p", str(port), "-m", "1024", "-u", f"indistack-{port}", str(program)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, cwd=folder) as server:
        try:
            yield server.pid, listening
        finally:
            server.terminate()
            _end_agent(folder / "out")


def _end_agent(output: Path) -> None:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"--output-dir\0{output}\0".encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)


def _await(path: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while not path.exists():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the agent does not listen")
        time.sleep(0.05)


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
