"""Ekos' scripts around a job, as Ekos runs them, beside a running agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.store.last_status import last_status
from tests.pipeline.night import make_sky
from tests.ports import an_unused_port

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


class Ekos:
    """Runs the scripts as a new Ekos does, with an object on standard input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"INDISTACK_SOCKET": str(folder / "run" / "agent.sock")}

    def run(self, script: str, **said: Any) -> None:
        command = [ROOT / "scripts" / "ekos" / script]
        subprocess.run(command, input=json.dumps(said).encode(), env=self.environment, check=True, timeout=60)

    def begin_job(self, target: str) -> None:
        self.run("pre-job", script_type="PRE_JOB", job={"target_name": target})

    def end_job(self) -> None:
        self.run("post-job", script_type="POST_JOB", job={})

    def capture(self, target: str, index: int) -> None:
        path = self.folder / f"{target} {index}.fits"
        exposure = make_sky().expose(index=index)
        exposure.header["OBJECT"] = target
        path.write_bytes(exposure.to_fits())
        self.run("post-capture", script_type="POST_CAPTURE", fits={"filename": str(path)})


@pytest.fixture
def ekos(tmp_path: Path, wait_until: Callable[..., None]) -> Iterator[Ekos]:
    """An agent that hears of frames by the hook alone."""
    ekos = Ekos(tmp_path)
    socket = ekos.environment["INDISTACK_SOCKET"]
    command = [sys.executable, "-m", "indistack", "run", "--port", str(an_unused_port()), "--output-dir"]
    command += [str(tmp_path / "out"), "--set", f"hook.socket={socket}"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as agent:
        wait_until(lambda: Path(socket).exists(), 60, "the agent listens")
        yield ekos
        agent.terminate()
        agent.wait(60)


def test_each_target_has_its_stack(ekos: Ekos, wait_until: Callable[..., None]) -> None:
    out = ekos.folder / "out"

    def n_subs() -> int:
        return int(last_status(out).get("n_subs", 0))

    def sessions() -> list[str]:
        return sorted(path.name for path in (out / "sessions").iterdir() if path.is_dir())

    ekos.begin_job("M 27")
    ekos.capture("M 27", 0)
    wait_until(lambda: n_subs() == 1, 60, "the first sub is stacked")
    ekos.begin_job("M 27")  # its next filter
    ekos.capture("M 27", 1)
    wait_until(lambda: n_subs() == 2, 60, "the stack goes on")
    assert len(sessions()) == 1
    ekos.end_job()
    wait_until(lambda: last_status(out).get("n_subs") == 0, 60, "the job has ended, and the stack with it")
    ekos.begin_job("M 31")
    ekos.capture("M 31", 2)
    wait_until(lambda: n_subs() == 1, 60, "another stack has begun")
    assert len(sessions()) == 2
