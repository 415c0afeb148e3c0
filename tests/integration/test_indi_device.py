"""The stack as a device of a real indiserver: through its own tools, and through a client that is nobody's kin."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from indipyclient import IPyClient

from indistack.commands import Resume, Set, read_state, tell
from indistack.store.folder_lock import is_at_work
from tests.conftest import IndiServer
from tests.integration.running import DEVICE as CAMERA
from tests.integration.running import DRIVER, ROOT, SCENARIO

pytestmark = pytest.mark.slow

STACK = "Live Stack"
SETTINGS = '[solve]\nprogram = "off"\n[hook]\nenabled = false\n[web]\nlisten = "off"\n'

LONG_S = 120.0
"""Time for an agent to start on a machine that is busy."""


class Night:
    """A server with a camera and the device, and a hand at its own tools."""

    def __init__(
        self,
        folder: Path,
        indiserver: Callable[..., IndiServer],
        wait_until: Callable[..., None],
        scenario: str = SCENARIO,
    ) -> None:
        self.output, self._indiserver, self.wait_until = folder / "out", indiserver, wait_until
        self._program = folder / "indi_indistack"
        words = f"{shlex.quote(sys.executable)} -m indistack.faces.indi_device.main"
        self._program.write_text(f"#!/bin/sh\nexec {words}\n")
        self._program.chmod(0o755)
        (folder / "sky.toml").write_text(scenario)
        (folder / "config" / "indistack").mkdir(parents=True)
        (folder / "config" / "indistack" / "indistack.toml").write_text(SETTINGS)
        self._environment = {
            "INDISTACK_SIM_SCENARIO": str(folder / "sky.toml"), "INDISTACK_SIM_PYTHON": sys.executable,
            "INDISTACK_OUTPUT": str(self.output), "XDG_CONFIG_HOME": str(folder / "config"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self.server = indiserver(DRIVER, self._program, **self._environment)

    def start_again(self) -> None:
        """Start the server anew that was ended, as soon as the agent has told that it is lost."""
        self.wait_until(lambda: not self.has_camera(), LONG_S, "the agent has lost the server")
        self.server = self._indiserver(
            DRIVER, self._program, port=self.server.port, folder=self.server.folder, **self._environment
        )

    def another(self, folder: Path) -> Night:
        """Return the same folder's stack as the device of another server, without a camera."""
        other = copy.copy(self)
        other.server = self._indiserver(self._program, folder=folder, **self._environment)
        return other

    def get(self, name: str) -> str:
        words = ["indi_getprop", "-1", "-t", "5", "-p", str(self.server.port), name]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()

    def set(self, word: str) -> None:
        subprocess.run(["indi_setprop", "-p", str(self.server.port), word], check=True, capture_output=True)

    def connect(self) -> None:
        for device in (CAMERA, STACK):
            self.wait_until(lambda: self.get(f"{device}.CONNECTION.CONNECT") == "Off", LONG_S)  # noqa: B023
            self.set(f"{device}.CONNECTION.CONNECT=On")
        self.wait_until(lambda: self.get(f"{STACK}.CONNECTION._STATE") == "Ok", LONG_S, "the agent is at work")
        self.wait_for_camera()

    def has_camera(self) -> bool:
        sources = read_state(self.output).told.get("sources", [])
        return any(source.get("device") == CAMERA and source["connected"] for source in sources)

    def wait_for_camera(self) -> None:
        self.wait_until(self.has_camera, LONG_S, "the agent has the camera")

    def expose(self) -> None:
        """Take a sub, and wait until it is stacked."""
        before = read_state(self.output).n_subs
        self.set(f"{CAMERA}.CCD_EXPOSURE.CCD_EXPOSURE_VALUE=0.1")
        self.wait_until(lambda: read_state(self.output).n_subs > before, LONG_S, "the sub is stacked")

    def driver_pid(self) -> int:
        """Return the process that the server has started."""
        return _driver_below(self.server.process.pid)

    def working_pid(self) -> int:
        """Return the process below it that has the device; 0 while there is none."""
        return _driver_below(self.driver_pid())

    def agent_pids(self) -> list[int]:
        return [pid for pid, words in _processes() if f"--output-dir {self.output} " in words]

    def end(self) -> None:
        for pid in self.agent_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _driver_below(parent: int) -> int:
    children = set(Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    found = (pid for pid, words in _processes() if str(pid) in children and words.endswith("indi_device.main"))
    return next(found, 0)


def _processes() -> Iterator[tuple[int, str]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield int(path.parent.name), path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


@pytest.fixture
def night(tmp_path: Path, indiserver: Callable[..., IndiServer], wait_until: Callable[..., None]) -> Iterator[Night]:
    one = Night(tmp_path, indiserver, wait_until)
    yield one
    one.end()


def test_through_the_tools_of_indi(night: Night) -> None:
    night.wait_until(lambda: night.get(f"{STACK}.DRIVER_INFO.DRIVER_INTERFACE") == "2", LONG_S)
    for name in ("CCD_MAX_X", "CCD_MAX_Y", "CCD_PIXEL_SIZE", "CCD_PIXEL_SIZE_X", "CCD_PIXEL_SIZE_Y"):
        assert float(night.get(f"{STACK}.CCD_INFO.{name}")) > 0
    night.connect()
    night.expose()
    night.wait_until(lambda: night.get(f"{STACK}.STACK_COUNTS.ACCEPTED") == "1", LONG_S)
    night.set(f"{STACK}.STACK_COMMAND.PAUSE=On")
    night.wait_until(lambda: night.get(f"{STACK}.STACK_STATE.STATE") == "paused", LONG_S)
    tell(night.output, Resume())
    night.wait_until(lambda: night.get(f"{STACK}.STACK_STATE.STATE") == "running", LONG_S)
    night.set(f"{STACK}.DRIFT_LIMIT.VALUE=10 %")
    night.wait_until(lambda: read_state(night.output).settings["drift.limit"] == "10 %", LONG_S)
    tell(night.output, Set("quality.min_stars", 9))
    night.wait_until(lambda: night.get(f"{STACK}.QUALITY_MIN_STARS.VALUE") == "9", LONG_S)
    night.set(f"{STACK}.STACK_COMMAND.UNDO=On")
    night.wait_until(lambda: night.get(f"{STACK}.STACK_COUNTS.STACKED") == "0", LONG_S)


class Judge(IPyClient):
    """A client that follows INDI's white paper, written by people who have never seen this driver."""

    async def rxevent(self, event: Any) -> None:
        self.clientdata["events"].append(event)

    def states(self, vector: str) -> list[str]:
        told = (e for e in self.clientdata["events"] if getattr(e, "vectorname", "") == vector)
        return [event.state for event in told if event.eventtype.startswith("Set")]

    def pictures(self) -> list[Any]:
        found = [event["CCD1"] for event in self.clientdata["events"] if event.eventtype == "SetBLOB"]
        return [fits.open(BytesIO(data)) for data in found]


async def wait_for(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG_S):
        while not condition():
            await asyncio.sleep(0.05)


def test_an_independent_client_takes_pictures(night: Night, caplog: pytest.LogCaptureFixture) -> None:
    async def take() -> Judge:
        judge = Judge("127.0.0.1", night.server.port, events=[])
        running = asyncio.create_task(judge.asyncrun())
        await wait_for(lambda: STACK in judge and "CCD1" in judge[STACK])
        await judge.send_enableBLOB("Also", STACK, "CCD1")
        await asyncio.to_thread(night.connect)
        await asyncio.to_thread(night.expose)
        await asyncio.sleep(0.5)
        assert not judge.pictures()  # nobody has asked
        expose = {"CCD_EXPOSURE_VALUE": 0.2}
        await judge.send_newVector(STACK, "CCD_EXPOSURE", members=expose)
        await wait_for(lambda: len(judge.pictures()) == 1)
        await wait_for(lambda: judge.states("CCD_EXPOSURE")[-1] == "Ok")
        await judge.send_newVector(STACK, "CCD_EXPOSURE", members={"CCD_EXPOSURE_VALUE": 300})
        await asyncio.to_thread(night.expose)
        await wait_for(lambda: len(judge.pictures()) == 2)
        await judge.send_newVector(STACK, "CCD_EXPOSURE", members={"CCD_EXPOSURE_VALUE": 300})
        await judge.send_newVector(STACK, "CCD_ABORT_EXPOSURE", members={"ABORT": "On"})
        await wait_for(lambda: judge.states("CCD_EXPOSURE")[-1] == "Idle")
        assert judge[STACK]["STACK_LAST_SUB"]["STARS"] != "0"
        judge.shutdown()
        await running
        return judge

    judge = asyncio.run(take())
    headers = [units[0].header for units in judge.pictures()]
    assert [header["STACKCNT"] for header in headers] == [1, 2]
    assert judge.pictures()[0][0].data.dtype == "uint16"
    assert [text for text in caplog.messages if "onnect" not in text] == []  # it has understood every word
    assert {"Busy", "Ok", "Idle"} == set(judge.states("CCD_EXPOSURE"))


def test_pyindi_client_takes_pictures(night: Night) -> None:
    night.connect()
    night.expose()
    words = [sys.executable, "-m", "tests.integration.pyindi_viewer", str(night.server.port), "2"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    interface, *blobs = done.stdout.splitlines()
    assert interface == "interface 2"
    assert len(blobs) == 2
    for words in map(str.split, blobs):
        assert words[:2] == ["blob", ".fits"]
        assert words[2] == words[3]
        assert words[4] == "SIMPLE"


def test_a_driver_that_was_killed_finds_the_session_again(night: Night) -> None:
    night.connect()
    night.expose()
    first, working = night.driver_pid(), night.working_pid()
    assert working
    os.kill(first, signal.SIGKILL)
    night.wait_until(lambda: night.get(f"{STACK}.STACK_COUNTS.STACKED") == "1", LONG_S, "the device is the other one")
    os.kill(working, signal.SIGKILL)
    night.wait_until(lambda: night.driver_pid() not in (0, first), LONG_S, "the server has started another")
    night.wait_until(lambda: night.get(f"{STACK}.STACK_STATE.STATE") == "running", LONG_S)
    night.wait_until(lambda: night.get(f"{STACK}.STACK_COUNTS.STACKED") == "1", LONG_S)
    assert len(night.agent_pids()) == 1


def test_a_server_that_was_killed_leaves_the_agent_at_its_work(night: Night) -> None:
    night.connect()
    night.expose()
    (agent,) = night.agent_pids()
    night.server.kill()
    night.start_again()
    night.wait_until(lambda: night.get(f"{CAMERA}.CONNECTION.CONNECT") == "Off", LONG_S)
    night.connect()
    night.expose()
    assert night.agent_pids() == [agent]
    night.wait_until(lambda: night.get(f"{STACK}.STACK_COUNTS.STACKED") == "2", LONG_S)


def test_the_stack_is_finished_with_the_server_where_that_is_wanted(night: Night) -> None:
    night.connect()
    night.set(f"{STACK}.STACK_AT_END.FINALISE=On")
    night.expose()
    night.wait_until(lambda: night.get(f"{STACK}.STACK_AT_END.FINALISE") == "On", LONG_S)
    night.server.process.terminate()
    night.wait_until(lambda: not is_at_work(night.output), LONG_S, "the agent has ended")
    assert len(list(night.output.glob("sessions/*/stack.fits"))) == 1
    night.wait_until(lambda: not night.agent_pids(), LONG_S)
