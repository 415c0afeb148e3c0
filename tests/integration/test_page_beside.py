"""The page beside a running agent: it comes and goes with it, and outlives its death."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ports import HOST, an_unused_port

ROOT = Path(__file__).resolve().parents[2]


class Watching:
    """``indistack watch`` on an empty folder, with its page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = an_unused_port()
        (folder / "in").mkdir()

    def start(self, listen: str = "") -> subprocess.Popen[bytes]:
        words = ["watch", str(self.folder / "in"), "--output-dir", str(self.folder / "out")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "indistack", *words, "--listen", listen or f"{HOST}:{self.port}"],
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def agent(self) -> str:
        """Return what the page tells of the agent, "" where there is no page."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request("GET", "/api/v1/status")
            told: dict[str, Any] = json.loads(connection.getresponse().read())
        except OSError:
            return ""
        finally:
            connection.close()
        return str(told["agent"])

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.mark.slow
def test_a_page_comes_with_the_agent_outlives_its_death_and_ends_with_it(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    watching = Watching(tmp_path)
    agent = watching.start()
    wait_until(lambda: watching.agent() == "running", 60, "the page shows the agent")
    assert f"http://{HOST}:{watching.port}/" in watching.log
    agent.kill()
    agent.wait()
    wait_until(lambda: watching.agent() == "gone", 60, "the page tells that the agent has died")
    page = int((tmp_path / "out" / ".page.lock").read_text())
    again = watching.start()
    try:
        wait_until(lambda: watching.agent() == "running", 60, "the page shows the next agent")
        assert "goes on" in watching.log
        again.send_signal(signal.SIGTERM)
        assert again.wait(60) == 0
        wait_until(lambda: watching.agent() == "stopped", 60, "the page tells that it is over")
    finally:
        os.kill(page, signal.SIGTERM)
    wait_until(lambda: watching.agent() == "", 60, "the page has ended")
    last = watching.start()
    wait_until(lambda: watching.agent() == "running", 60)
    last.send_signal(signal.SIGTERM)
    assert last.wait(60) == 0
    assert watching.agent() == ""
    assert not (tmp_path / "out" / ".page.lock").exists()


@pytest.mark.slow
def test_an_agent_without_a_page_starts_none(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    watching = Watching(tmp_path)
    agent = watching.start("off")
    wait_until(lambda: (tmp_path / "out" / "status.json").exists(), 60, "the agent is at work")
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(60) == 0
    assert not (tmp_path / "out" / ".page.lock").exists()
    assert watching.agent() == ""
