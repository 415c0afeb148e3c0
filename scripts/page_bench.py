"""Measures the page's process: start, first view, thirty phones, memory after an hour's updates and lost phones.

Times of the processor, not of the clock, where another program's work must not count.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from indistack.sinks.jpeg import encoded, restart_blocks

HOST = "127.0.0.1"
PHONES, UPDATES = 30, 3600
SETTLED_S = 35.0
"""A reader who takes nothing is given up by then."""
SIDE_PX = (1200, 900)
TICK_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SESSION = "20260101-220000_M-27_001"


class Page:
    """``indistack web`` on a folder that this program writes as an agent does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(1)
        pixels = rng.normal(40, 6, (*SIDE_PX[::-1], 3)).clip(0, 255).astype(np.uint8)
        self.picture = encoded(pixels, 90, restart_blocks(pixels.shape))
        (folder / "sessions" / SESSION).mkdir(parents=True)
        self.publish(1)
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        begin_s = time.monotonic()
        command = [sys.executable, "-m", "indistack", "web", str(folder), "--listen", f"{HOST}:{self.port}"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self.is_there():
            time.sleep(0.01)
        self.start_s, self.start_cpu_s = time.monotonic() - begin_s, self.cpu_s()

    def is_there(self) -> bool:
        """Tell whether it answers."""
        try:
            return self.ask("/api/v1/status")[0] == 200
        except OSError:
            return False

    def ask(self, path: str) -> tuple[int, int, bytes]:
        """Return the status, how many bytes came, and the body as it was sent."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        connection.request("GET", path, headers={"accept-encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders()), body

    def publish(self, number: int) -> None:
        """Put a picture and its status in place."""
        self._put("stack.jpg", self.picture + number.to_bytes(4, "big"))
        line = {"number": number, "outcome": "accepted", "reason": "", "target": "M 27", "stars": 120, "fwhm_px": 2.5}
        with (self.folder / "sessions" / SESSION / "ledger.jsonl").open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")
        shown = {"number": number, "n_subs": number, "exposure_s": 10.0 * number}
        status = {"version": "0", "state": "stopped", "n_subs": number, "exposure_s": 10.0 * number, "session": SESSION,
                  "number": number, "shown": {"stack": shown}, "last": {"target": "M 27"}, "sources": []}  # fmt: skip
        self._put("status.json", json.dumps(status).encode())

    def _put(self, name: str, data: bytes) -> None:
        (self.folder / ".tmp").write_bytes(data)
        (self.folder / ".tmp").replace(self.folder / name)

    def cpu_s(self) -> float:
        """Return the processor's time that the process has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK_S

    def memory_mb(self) -> float:
        """Return what it has in memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


class Phone(threading.Thread):
    """Loads every picture that it is told of, until it vanishes: it then reads no more, and closes nothing."""

    def __init__(self, page: Page) -> None:
        super().__init__(daemon=True)
        self.page, self.pictures, self.vanished = page, 0, False
        self.stream = http.client.HTTPConnection(HOST, page.port, timeout=600)
        self.loading = http.client.HTTPConnection(HOST, page.port, timeout=600)

    def run(self) -> None:
        """Look on."""
        self.stream.request("GET", "/api/v1/events")
        for line in self.stream.getresponse():
            if self.vanished:
                return
            if line.startswith(b"data: {") and (told := json.loads(line[6:])).get("pictures"):
                self.loading.request("GET", told["pictures"][-1]["address"])
                self.loading.getresponse().read()
                self.pictures += 1


def first_view(page: Page) -> int:
    """Return the bytes of all that the audience's page loads before it shows a picture."""
    state = json.loads(page.ask("/api/v1/status")[2])
    wanted, known = ["/", "/static/lang/en.json", state["pictures"][-1]["address"]], 0
    seen: set[str] = set()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        status, n_bytes, body = page.ask(path)
        assert status == 200, path
        known += n_bytes
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        if path == "/" or path.endswith(".js"):
            found = re.findall(r'(?:src|href|from)\s*=?\s*"((?:/static/|\./)[^"]+)"', text.decode())
            wanted += [f"/static/{name.removeprefix('/static/').removeprefix('./')}" for name in found]
    return known


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=UPDATES)
    updates = parser.parse_args().updates
    with tempfile.TemporaryDirectory() as folder:
        page = Page(Path(folder))
        picture_kb = len(page.picture) / 1e3
        print(f"start           {page.start_s:.2f} s by the clock, {page.start_cpu_s:.2f} s of the processor")
        print(f"first view      {first_view(page) / 1e3:.0f} kB, of them the picture {picture_kb:.0f} kB", flush=True)
        measure_phones(page, updates)
        page.process.terminate()
        page.process.wait()


def measure_phones(page: Page, updates: int) -> None:
    """Print what phones that look on take, and what is left of them."""
    idle_mb = page.memory_mb()
    phones = [Phone(page) for _ in range(PHONES)]
    for phone in phones:
        phone.start()
    publish(page, range(2, 4), 1)
    begin_s, begin = page.cpu_s(), sum(phone.pictures for phone in phones)
    publish(page, range(4, 34), 1)
    took_ms, loaded = (page.cpu_s() - begin_s) / 30 * 1e3, sum(phone.pictures for phone in phones) - begin
    print(f"a sub a second  {took_ms:.0f} ms of the processor each for {PHONES} phones, which loaded {loaded} pictures")
    publish(page, range(34, updates), 0.04)
    time.sleep(SETTLED_S)
    print(f"memory          {idle_mb:.0f} MB idle, {page.memory_mb():.0f} MB after {updates} updates", flush=True)
    for phone in phones:
        phone.vanished = True
    publish(page, range(updates, updates + 300), 0.1)
    time.sleep(SETTLED_S)
    print(f"                {page.memory_mb():.0f} MB after {PHONES} phones have vanished without closing")


def publish(page: Page, numbers: range, pause_s: float) -> None:
    """Publish one picture after another."""
    for number in numbers:
        page.publish(number)
        time.sleep(pause_s)


if __name__ == "__main__":
    main()
