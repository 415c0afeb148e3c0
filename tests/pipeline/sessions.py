"""Runs agents over sessions, and looks at what they leave."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.commands import Command
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.resume.session_settings import settings_to_go_on
from indistack.settings import load
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from indistack.values.frame import FloatArray
from tests.pipeline.night import FakeSource

SETTINGS = ("checkpoint.interval_s=0", "checkpoint.duty=1", "spool.min_free_gb=0", "stack.keep_up=false")


def agent_of(
    out: Path, blobs: Sequence[Blob], *settings: str, goes_on: PastSession | None = None, endless: bool = False
) -> Agent:
    config = load(Config, None, [*SETTINGS, *settings])
    config = settings_to_go_on(goes_on, config) if goes_on else config
    return Agent(config, [FakeSource(blobs, endless=endless)], out, calibrator_factory(config), goes_on=goes_on)


def run(out: Path, items: Sequence[Blob | Command], *settings: str, goes_on: PastSession | None = None) -> Path:
    """Run an agent over blobs and commands; return the session's folder."""
    agent = agent_of(out, [], *settings, goes_on=goes_on)
    for item in items:
        agent.send(item)
    agent.run(threading.Event())
    return SessionFolders(out).all()[-1]


def cut_power(out: Path, session: Path) -> None:
    """Leave the folder as an agent leaves it that was killed."""
    (out / "sessions" / "open").write_text(session.name)


def pixels(folder: Path, name: str = "stack") -> FloatArray:
    return np.asarray(fits.getdata(folder / f"{name}.fits"))


def lines_of(session: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (session / "ledger.jsonl").read_text().splitlines()]
