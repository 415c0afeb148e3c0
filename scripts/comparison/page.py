"""How long after a sub a phone has the new picture, and what phones that look on take from the agent."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from comparison.receiving import cpu_s

HOST = "127.0.0.1"
START_S, SUB_S = 120.0, 120.0


class Shown(NamedTuple):
    """Of one sub: its number, ms from its decision to its picture's last byte at a phone, ms of loading, bytes."""

    sub: int
    ms: float
    load_ms: float
    n_bytes: int


class Night(NamedTuple):
    """What was seen of some subs: each of them, and the agent's CPU ms a sub."""

    subs: list[Shown]
    agent_ms: float


class Phone(threading.Thread):
    """Loads each picture that the page tells of, as a browser does: the newest, when the one before is there."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.came: dict[int, tuple[datetime, float, int]] = {}
        self._stream = http.client.HTTPConnection(HOST, port, timeout=SUB_S)
        self._loading = http.client.HTTPConnection(HOST, port, timeout=SUB_S)
        self._seen = ""

    def run(self) -> None:
        """Look on until the page ends."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._stream.request("GET", "/api/v1/events")
            for line in self._stream.getresponse():
                if line.startswith(b"data: {"):
                    self._take(json.loads(line[6:]).get("pictures") or [])

    def _take(self, pictures: Sequence[dict[str, Any]]) -> None:
        if not pictures or pictures[-1]["address"] == self._seen:
            return
        self._seen = pictures[-1]["address"]
        begin_s = time.perf_counter()
        self._loading.request("GET", self._seen)
        n_bytes = len(self._loading.getresponse().read())
        self.came[pictures[-1]["n_subs"]] = datetime.now(UTC), 1e3 * (time.perf_counter() - begin_s), n_bytes


def watch_night(folder: Path, subs: Sequence[Path], n_phones: int, warm_up: int, pause_s: float) -> Night:
    """Put files into a folder that an agent watches, one at a time, while phones look at its page.

    Parameters
    ----------
    folder : Path
        For all that is written.
    subs : sequence of Path
        FITS files.
    n_phones : int
        How many look on; none is told of where none does.
    warm_up : int
        So many subs are not counted.
    pause_s : float
        After each.
    """
    with _agent(folder) as (process, port):
        phones = [Phone(port) for _ in range(n_phones)]
        for phone in phones:
            phone.start()
        _put(folder, subs[:warm_up], pause_s)
        begin_s = cpu_s(process)
        _put(folder, subs[warm_up:], pause_s)
        _await(lambda: all(len(subs) in phone.came for phone in phones[:1]), SUB_S)
        agent_ms = 1e3 * (cpu_s(process) - begin_s) / (len(subs) - warm_up)
        decided = _decided(folder / "out")
        return Night(_shown(phones[0], decided)[warm_up:] if phones else [], agent_ms)


def _put(folder: Path, subs: Sequence[Path], pause_s: float) -> None:
    """Put files into the folder, each when the one before is stacked, and a pause later."""
    for path in subs:
        n_before = len(_decided(folder / "out"))
        shutil.copyfile(path, folder / f".{path.name}")
        (folder / f".{path.name}").replace(folder / "in" / path.name)
        _await(lambda known=n_before: len(_decided(folder / "out")) > known, SUB_S)  # type: ignore[misc]
        time.sleep(pause_s)


def _shown(phone: Phone, decided: Sequence[datetime]) -> list[Shown]:
    return [
        Shown(number, 1e3 * (came - decided[number - 1]).total_seconds(), load_ms, n_bytes)
        for number, (came, load_ms, n_bytes) in sorted(phone.came.items())
    ]


def _decided(output: Path) -> list[datetime]:
    """Return when each sub's way was at its end."""
    lines = [line for path in output.glob("sessions/*/ledger.jsonl") for line in path.read_text().splitlines()]
    return [datetime.fromisoformat(json.loads(line)["time"]) for line in lines]


@contextmanager
def _agent(folder: Path) -> Iterator[tuple[int, int]]:
    """Run an agent that watches a folder; yield its process id, and its page's port once it answers."""
    (folder / "in").mkdir(parents=True)
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "indistack", "watch", str(folder / "in"), "--output-dir", str(folder / "out"),
               "--listen", f"{HOST}:{port}", "--set", 'solve.program="off"']  # fmt: skip
    environment = os.environ | {"HOME": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(lambda: _answers(port), START_S)
            yield process.pid, port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _await(holds: Callable[[], bool], patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the agent or its page does not answer")
        time.sleep(0.05)
