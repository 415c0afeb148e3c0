"""Runs an agent again and again and kills it at random instants, until it has stacked a folder of frames.

A program of its own, as it forks the agent off a process that has everything imported and no thread running:
``python -m tests.pipeline.crashing FRAMES OUT KILLS SEED LONGEST_S [KEY=VALUE...]``. Prints how often it killed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from indistack.agent.agent import Agent
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.resume.session_settings import settings_to_go_on
from indistack.settings import load
from indistack.sources import FolderSource
from indistack.store import attempts
from indistack.store.session_folders import SessionFolders
from indistack.values.sub_report import SubReport

PATIENCE_S = 300.0

SETTINGS = [
    "folder.interval_s=0.02", "folder.settle_s=0.0", "checkpoint.interval_s=0.05", "checkpoint.duty=1.0",
    "publish.interval_s=0.05", "publish.duty=1.0", "spool.min_free_gb=0.0", "stack.keep_up=false",
]  # fmt: skip


attempts.MOST = 1_000_000  # not the frames kill here


def stack(frames: Path, out: Path, settings: list[str]) -> None:
    """Work until every frame of the folder has its line, as `indistack watch` does."""
    wanted = len(list(frames.iterdir()))
    past = SessionFolders(out).past()
    config = load(Config, None, SETTINGS + settings)
    if past is not None:
        config = settings_to_go_on(past, config, SETTINGS + settings)
    stop = threading.Event()

    def listen(report: SubReport) -> None:
        if report.number >= wanted:
            stop.set()

    if past is not None and past.last_number >= wanted:
        stop.set()
    source = FolderSource(frames, config.folder)
    Agent(config, [source], out, calibrator_factory(config), listener=listen, goes_on=past).run(stop)


def run_for(seconds: float, frames: Path, out: Path, settings: list[str]) -> bool:
    """Run an agent, kill it after so many seconds; return whether it had ended by itself."""
    child = os.fork()
    if child == 0:
        try:
            stack(frames, out, settings)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            if status:
                sys.exit(f"the agent ended with {status}")
            return True
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main(frames: str, out: str, kills: str, seed: str, longest_s: str, *settings: str) -> None:
    """Kill so often at most, then let it end."""
    chance = random.Random(int(seed))
    killed = 0
    while killed < int(kills):
        if run_for(chance.uniform(0.0, float(longest_s)), Path(frames), Path(out), list(settings)):
            print(killed)
            return
        killed += 1
    if not run_for(PATIENCE_S, Path(frames), Path(out), list(settings)):
        sys.exit("the agent does not end")
    print(killed)


if __name__ == "__main__":
    main(*sys.argv[1:])
