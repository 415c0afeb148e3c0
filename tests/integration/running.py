"""The agent as a process, on a real indiserver with the project's camera."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "simulators" / "bin" / "indistack_sim_cmos"
DEVICE = "Indistack CMOS"

SCENARIO = """
seed = 5
width_px = 640
height_px = 480
n_stars = 150
mag_max = 12.5
drift_px_per_sub = [0.8, -0.4]
exposure_s = 1.0
"""


class RunningAgent:
    """A server and an agent; `words` go on the agent's command line."""

    def __init__(
        self,
        folder: Path,
        indiserver: Callable[..., Any],
        wait_until: Callable[..., None],
        *words: str,
        scenario: str = SCENARIO,
    ) -> None:
        self.out, self.truth_path = folder / "out", folder / "truth.jsonl"
        self.wait_until = wait_until
        self._indiserver = indiserver
        (folder / "sky.toml").write_text(scenario)
        self._environment = {
            "INDISTACK_SIM_SCENARIO": str(folder / "sky.toml"),
            "INDISTACK_SIM_TRUTH": str(self.truth_path),
            "INDISTACK_SIM_PYTHON": sys.executable,
        }
        self.server = indiserver(DRIVER, **self._environment)
        command = [sys.executable, "-m", "indistack", "run", "--port", str(self.server.port)]
        command += ["--output-dir", str(self.out), "--set", "hook.enabled=false", "--set", "solve.program=off", *words]
        self._log = (folder / "agent.log").open("wb")
        self.agent = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=self._log)

    def restart_server(self) -> None:
        self._indiserver(DRIVER, port=self.server.port, folder=self.server.folder, **self._environment)

    def status(self) -> dict[str, Any]:
        """Return the status with the facts of its first source."""
        path = self.out / "status.json"
        status = json.loads(path.read_text()) if path.exists() else {}
        return {**status, **next(iter(status.get("sources", [])), {})}

    def wait_for_camera(self) -> None:
        self.wait_until(lambda: self.status().get("device") == DEVICE, 60, "the agent has the camera")

    def lines(self) -> list[dict[str, Any]]:
        """Return all lines of the ledgers; one that is just being written is not among them."""
        paths = sorted(self.out.glob("sessions/*/ledger.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines(True) if line[-1] == "\n"]

    def end(self) -> int:
        """End the agent as systemd does; return its exit status."""
        self.agent.send_signal(signal.SIGTERM)
        return self.agent.wait(60)

    def close(self) -> None:
        if self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        self._log.close()
