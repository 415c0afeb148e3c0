"""The page as a process of its own, over an output folder that a test writes."""

from __future__ import annotations

import http.client
import json
import platform
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from indistack.sinks.jpeg import encoded, restart_blocks
from indistack.values.frame import PixelArray
from tests.ports import HOST, an_unused_port

ROOT = Path(__file__).resolve().parents[2]
SESSION = "20260101-220000_M-27_001"


class WebProcess:
    """``indistack web`` on a folder."""

    def __init__(self, folder: Path, wait_until: Callable[..., None], *settings: str) -> None:
        self.folder = folder
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.port = an_unused_port()
        self.log = folder.with_name(f"{folder.name}.log")
        self.process = self.start()
        self._wait_until = wait_until
        wait_until(self.is_answering, 60, "the page answers")

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "indistack", "web", str(self.folder), "--listen", f"{HOST}:{self.port}"]
        command += self.settings
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def restart(self) -> None:
        self.end()
        self.process = self.start()
        self._wait_until(self.is_answering, 60, "the page answers")

    def is_answering(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return False
        return True

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> http.client.HTTPResponse:
        """Return the answer, read to its end: see `data`."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named.setdefault("content-type", "application/json")
        connection.request(method, path, None if body is None else json.dumps(body), named)
        answer = connection.getresponse()
        answer.data = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def told(self, path: str, **headers: str) -> Any:
        return json.loads(self.ask(path, **headers).data)  # type: ignore[attr-defined]

    def raw(self, sent: bytes) -> bytes:
        """Send bytes as they are; return what comes back."""
        with socket.create_connection((HOST, self.port), timeout=60) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


def publish(folder: Path, n_subs: int, *, side_px: int = 120, view_step: int = 0, **more: Any) -> None:
    """Write what an agent publishes: a picture whose noise falls, status, ledger; a small view of every n-th pixel."""
    rng = np.random.default_rng(n_subs)
    y, x = np.mgrid[:side_px, : side_px * 3 // 2]
    glow = 150 * np.exp(-((x - side_px * 0.8) ** 2 + (y - side_px * 0.5) ** 2) / (2 * (side_px / 6) ** 2))
    noise = rng.normal(0, 45 / np.sqrt(max(n_subs, 1)), (*glow.shape, 3))
    tint = np.array([0.75, 0.55, 1.0])
    pixels = np.clip(28 + glow[..., None] * tint + noise, 0, 255).astype(np.uint8)
    _put(folder / "stack.jpg", encoded(pixels, 95, restart_blocks(pixels.shape)))
    if view_step:
        more |= _shown(folder, n_subs, pixels, view_step)
    ledger = folder / "sessions" / SESSION / "ledger.jsonl"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    facts = {"time": "2026-01-01T22:00:00.000+00:00", "target": "M 27", "stars": 120, "fwhm_px": 2.5, "detail": ""}
    lines = [{"number": number, "outcome": "accepted", "reason": "", **facts} for number in range(1, n_subs + 1)]
    lines += more.pop("lines", [])
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    status = {
        "version": "0", "host": platform.node(), "state": "stopped", "n_subs": n_subs, "exposure_s": 10.0 * n_subs,
        "session": SESSION, "outcomes": {"accepted": n_subs}, "stacks": {"stack": {"method": "mean"}},
        "last": {"target": "M 27"}, "sources": [], "time": "2026-01-01T22:00:00.000+00:00", **more,
    }  # fmt: skip
    _put(folder / "status.json", json.dumps(status).encode())


def _shown(folder: Path, n_subs: int, pixels: PixelArray, view_step: int) -> dict[str, Any]:
    """Write a picture under its number and its view; return what the status tells of them."""
    (folder / "published").mkdir(exist_ok=True)
    names = {kind: f"published/stack-{n_subs}{kind}.jpg" for kind in ("", "-view")}
    _put(folder / names[""], encoded(pixels, 95, restart_blocks(pixels.shape)))
    _put(folder / names["-view"], encoded(np.ascontiguousarray(pixels[::view_step, ::view_step]), 90))
    shown = {"number": n_subs, "n_subs": n_subs, "exposure_s": 10.0 * n_subs, "view": names["-view"]}
    return {"number": n_subs, "shown": {"stack": {**shown, "files": {".jpg": names[""]}}}}


def _put(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
