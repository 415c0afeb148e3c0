"""Ekos' post-capture hook where no agent runs: a stand-in stacks, with real processes that are killed as well."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.hook import ANNOUNCED, STAND_IN
from indistack.store.folder_lock import is_at_work
from tests.pipeline.night import make_sky
from tests.ports import an_unused_port

ROOT = Path(__file__).parents[2]
CODE = "hook.candidates = lambda: [os.environ['INDISTACK_SOCKET']]; sys.exit(hook.main())"  # no agent of this machine's
HOOK = [sys.executable, "-c", f"import os, sys; from indistack import hook; {CODE}"]

LONG_S = 90.0

pytestmark = pytest.mark.slow


class Sequence:
    """Ekos' side: frames in a folder, and the hook after each."""

    def __init__(self, folder: Path, wait_until: Callable[..., None]) -> None:
        self.folder, self.out, self.wait_until = folder / "frames", folder / "out", wait_until
        self.folder.mkdir()
        self.sky = make_sky()
        (folder / "config" / "indistack").mkdir(parents=True)
        self.settings = folder / "config" / "indistack" / "indistack.toml"
        self.set("stays_s = 1")
        self.environment = os.environ | {
            "INDISTACK_SOCKET": str(folder / "nobody" / "agent.sock"), "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"), "INDISTACK_OUTPUT": str(self.out), "PYTHONPATH": str(ROOT),
        }  # fmt: skip

    def set(self, hook: str) -> None:
        self.settings.write_text(f'[solve]\nprogram = "off"\n[web]\nlisten = "off"\n[hook]\n{hook}\n')

    def write(self, index: int) -> Path:
        path = self.folder / f"Light_{index:03d}.fits"
        path.write_bytes(self.sky.expose(index=index).to_fits())
        return path

    def hook(self, path: Path | None) -> subprocess.Popen[bytes]:
        """Start the hook, told of a file or of none."""
        said = {"script_type": "POST_CAPTURE", "fits": {"filename": str(path)}} if path is not None else {}
        process = subprocess.Popen(HOOK, stdin=subprocess.PIPE, env=self.environment, cwd="/")
        assert process.stdin is not None
        process.stdin.write(json.dumps(said).encode())
        process.stdin.close()
        return process

    def capture(self, index: int, told: bool = True) -> None:
        path = self.write(index)
        assert self.hook(path if told else None).wait(60) == 0

    def lines(self) -> list[dict[str, Any]]:
        paths = sorted(self.out.glob("sessions/*/ledger.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines(True) if line[-1] == "\n"]

    def stacked(self) -> list[str]:
        """Return the names of the frames that have a line, in order."""
        lines = (line for line in self.lines() if line.get("outcome") in ("accepted", "restarted", "refused"))
        return [Path(str(line["path"])).name for line in lines]

    def until_stacked(self, *indices: int) -> None:
        """Wait for as many lines, and look whether they are those of these frames, once each and in order."""
        self.wait_until(lambda: len(self.stacked()) >= len(indices), LONG_S, "the frames have their lines")
        self.wait_until(lambda: not is_at_work(self.out), LONG_S, "the stand-in ends by itself")
        assert self.stacked() == [f"Light_{index:03d}.fits" for index in indices]
        assert not list((self.out / ANNOUNCED).iterdir())

    def processes(self) -> list[int]:
        """Return the stand-ins."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if f"--announced\0--output-dir\0{self.out}\0".encode() in path.read_bytes():
                    found.append(int(path.parent.name))
        return found

    def end(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def ekos(tmp_path: Path, wait_until: Callable[..., None]) -> Iterator[Sequence]:
    sequence = Sequence(tmp_path, wait_until)
    yield sequence
    sequence.end()


def test_frames_are_stacked_in_order_and_the_session_goes_on(ekos: Sequence) -> None:
    ekos.capture(0)
    ekos.until_stacked(0)
    ekos.capture(1)
    ekos.until_stacked(0, 1)
    assert len(list((ekos.out / "sessions").glob("*/ledger.jsonl"))) == 1
    assert (ekos.out / "stack.fits").exists()


def test_ekos_that_names_no_file_has_the_youngest_one_stacked(ekos: Sequence) -> None:
    ekos.set(f'stays_s = 1\nfolder = "{ekos.folder}"')
    ekos.write(7)
    ekos.capture(0, told=False)
    ekos.until_stacked(0)


def test_several_hooks_at_once_have_one_stand_in(ekos: Sequence) -> None:
    paths = [ekos.write(index) for index in range(5)]
    hooks = [ekos.hook(path) for path in paths]
    assert [hook.wait(60) for hook in hooks] == [0] * 5
    ekos.wait_until(lambda: len(ekos.stacked()) == 5, LONG_S)
    ekos.wait_until(lambda: not is_at_work(ekos.out), LONG_S)
    assert sorted(ekos.stacked()) == [path.name for path in paths]
    assert len(list((ekos.out / "sessions").glob("*/ledger.jsonl"))) == 1


def test_a_stand_in_that_is_killed_loses_nothing_and_stacks_nothing_twice(ekos: Sequence) -> None:
    ekos.set("stays_s = 60")
    for index in range(3):
        ekos.capture(index)
    ekos.wait_until(lambda: len(ekos.stacked()) >= 1, LONG_S)
    ekos.end()
    ekos.wait_until(lambda: not is_at_work(ekos.out), LONG_S)
    ekos.set("stays_s = 1")
    ekos.capture(3)
    ekos.until_stacked(0, 1, 2, 3)


def test_an_agent_that_comes_takes_over(ekos: Sequence, tmp_path: Path) -> None:
    ekos.set("stays_s = 600")
    ekos.capture(0)
    ekos.wait_until(lambda: ekos.stacked() == ["Light_000.fits"], LONG_S)
    words = [sys.executable, "-m", "indistack", "run", "--port", str(an_unused_port()), "--output-dir", str(ekos.out)]
    words += ["--set", f"hook.socket={tmp_path}/run/agent.sock"]
    with (tmp_path / "log").open("wb") as log:
        agent = subprocess.Popen(words, env=ekos.environment, stdout=log, stderr=log)
    try:
        ekos.wait_until(lambda: not ekos.processes(), LONG_S, "the stand-in leaves")
        ekos.wait_until(lambda: (tmp_path / "run" / "agent.sock").exists(), LONG_S, "the agent listens")
        ekos.capture(1)  # the hook does not know of the socket: the agent reads what is on record
        ekos.wait_until(lambda: len(ekos.stacked()) == 2, LONG_S)
        assert not ekos.processes()
        assert not (ekos.out / ANNOUNCED / STAND_IN).exists()
    finally:
        agent.terminate()
        agent.wait(60)
    assert len(list((ekos.out / "sessions").glob("*/ledger.jsonl"))) == 1


def test_an_agent_that_starts_while_hooks_run_takes_each_frame_once(ekos: Sequence, tmp_path: Path) -> None:
    """Some hooks find nobody, some a stand-in that begins or leaves, some the agent."""
    paths = [ekos.write(index) for index in range(8)]
    socket = ekos.environment["INDISTACK_SOCKET"]
    words = [sys.executable, "-m", "indistack", "run", "--port", str(an_unused_port()), "--output-dir", str(ekos.out)]
    hooks = [ekos.hook(path) for path in paths[:3]]
    with (tmp_path / "log").open("wb") as log:
        agent = subprocess.Popen(
            [*words, "--set", f"hook.socket={socket}"], env=ekos.environment, stdout=log, stderr=log
        )
    try:
        for path in paths[3:]:
            time.sleep(0.7)
            hooks.append(ekos.hook(path))
        assert [hook.wait(60) for hook in hooks] == [0] * 8
        ekos.wait_until(lambda: len(ekos.stacked()) >= 8, LONG_S, "every frame has its line")
        ekos.wait_until(lambda: not ekos.processes(), LONG_S, "the stand-in leaves")
    finally:
        agent.terminate()
        agent.wait(60)
    assert sorted(ekos.stacked()) == [path.name for path in paths]


@pytest.mark.parametrize("setting", ["alone = false", "enabled = false"])
def test_where_it_is_not_wanted_nothing_happens(ekos: Sequence, setting: str) -> None:
    ekos.set(setting)
    ekos.capture(0)
    time.sleep(0.5)
    assert not ekos.out.exists()
