"""The agent under a real indiserver with the project's camera: one line per exposure, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from indistack.indi import Sequencer
from tests.integration.running import DEVICE, RunningAgent

RETURN_S = 5.0
"""Within that time after the server's return the agent goes on."""


class Night(RunningAgent):
    """An agent on a server, and somebody who takes exposures."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stop = threading.Event()
        self._camera = threading.Thread(
            target=Sequencer("127.0.0.1", self.server.port, DEVICE).run, args=(0.2, self._stop), daemon=True
        )

    def begin(self) -> None:
        """Wait for the agent to be connected, then take exposures."""
        self.wait_for_camera()
        self._camera.start()

    def stop_camera(self) -> None:
        self._stop.set()
        self._camera.join(60)

    def wait_for_lines(self, count: int, timeout_s: float = 60.0) -> None:
        self.wait_until(lambda: len(self.lines()) >= count, timeout_s, f"{count} lines in the ledger")

    def lights_taken(self) -> list[str]:
        lines = [json.loads(line) for line in self.truth_path.read_text().splitlines()]
        return [line["date_obs"] for line in lines if line["kind"] == "light"]

    def close(self) -> None:
        self._stop.set()
        super().close()


@pytest.fixture
def night(tmp_path: Path, indiserver: Callable[..., Any], wait_until: Callable[..., None]) -> Iterator[Night]:
    running = Night(tmp_path, indiserver, wait_until)
    yield running
    running.close()


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted({int(word) for part in (text, *threads) for word in part.split()})


def test_every_exposure_has_exactly_one_line_and_the_end_is_clean(night: Night) -> None:
    night.begin()
    night.wait_for_lines(6)
    night.stop_camera()
    night.wait_until(lambda: len(night.lines()) == len(night.lights_taken()), 60, "every light has its line")
    assert night.end() == 0
    lines = night.lines()
    assert [line["outcome"] for line in lines] == ["accepted"] * len(lines)
    assert len({line["date_obs"] for line in lines}) == len(lines)
    assert fits.getheader(night.out / "stack.fits")["NCOMBINE"] == len(lines)
    assert (night.out / "stack.png").exists()
    assert json.loads((night.out / "status.json").read_text())["state"] == "stopped"


@pytest.mark.parametrize("victim", ["driver", "indiserver", "indi process"])
def test_the_same_stack_goes_on_after_a_death(night: Night, victim: str) -> None:
    night.begin()
    night.wait_for_lines(3)
    if victim == "driver":
        (driver,) = children_of(night.server.process.pid)
        os.kill(driver, signal.SIGKILL)
    elif victim == "indiserver":
        night.server.kill()
        night.restart_server()
    else:
        (worker,) = children_of(night.agent.pid)
        os.kill(worker, signal.SIGKILL)
    before = len(night.lines())
    night.wait_for_lines(before + 1, RETURN_S)
    night.wait_for_lines(before + 4)
    night.stop_camera()
    assert night.end() == 0
    assert len(list(night.out.glob("sessions/*"))) == 1
    accepted = [line for line in night.lines() if line["outcome"] == "accepted"]
    assert accepted[-1]["n_subs"] == len(accepted) >= before + 4
    assert fits.getheader(night.out / "stack.fits")["NCOMBINE"] == len(accepted)
    assert len({line["date_obs"] for line in accepted}) == len(accepted)
