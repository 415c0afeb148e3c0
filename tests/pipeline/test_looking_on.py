"""Another thread looks at the stacks while they change."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from indistack.output import snapshots
from indistack.session.session import Session
from indistack.stack import BranchSettings
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky


@pytest.fixture
def _often() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval_s)


def look(session: Session, over: threading.Event, seen: list[str], faults: list[Exception]) -> None:
    while not over.is_set():
        try:
            for _ in range(50):  # most of the time is not to be spent with copying, where nothing can change
                names = snapshots.names(session)
            snapshots.snapshot(session, names[-1], lambda _: 1)
            seen.append(names[0])
        except snapshots.NoPictureError:
            seen.append("gone")
        except Exception as fault:  # noqa: BLE001  (whatever goes wrong is what is looked for)
            faults.append(fault)


def count(session: Session, over: threading.Event, faults: list[Exception]) -> None:
    while not over.is_set():
        try:
            snapshots.numbers(session)
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)


@pytest.mark.usefixtures("_often")
def test_stacks_come_and_go_while_they_are_looked_at(make_pipeline: MakePipeline) -> None:
    sky = make_sky(width_px=96, height_px=80, n_stars=60, mag_max=11.0)
    pipeline = make_pipeline("drift.on_filter='split'", "quality.enabled=false", "align.method='none'")
    pipeline.process(blob_of(sky.expose()))
    session = pipeline.session
    assert session is not None
    over, seen, faults = threading.Event(), list[str](), list[Exception]()
    looker = threading.Thread(target=look, args=(session, over, seen, faults))
    counter = threading.Thread(target=count, args=(session, over, faults))
    for thread in (looker, counter):
        thread.start()
    names = [f"branch{number}" for number in range(20)]
    end = time.monotonic() + 4.0  # not a number of rounds: with turns this short one of them may take a second
    while time.monotonic() < end:
        for name in names:
            session.open_branch(name, BranchSettings())
        pipeline.process(blob_of(sky.expose()))
        for name in names:
            session.drop_branch(name)
    over.set()
    for thread in (looker, counter):
        thread.join()
    assert not faults
    assert "stack" in seen
