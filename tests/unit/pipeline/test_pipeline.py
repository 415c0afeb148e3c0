"""What a pipeline keeps between two blobs, and which of its settings act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.pace import Pace
from indistack.pipeline.pipeline import Pipeline
from indistack.session.memory_need import WAITING_SHARE
from indistack.settings import load
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Refused
from tests.pipeline.night import blob_of, make_sky


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


@pytest.fixture(scope="module")
def subs() -> list[Blob]:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    return [blob_of(sky.expose(), f"{number}.fits") for number in range(2)]


def pipeline_of(workers: Workers, *words: str, **options: Any) -> Pipeline:
    config = load(Config, None, words)
    return Pipeline(config, workers, calibrator_factory(config)(workers), lambda _: None, **options)


def test_bad_pixels_of_the_sub_before_are_not_those_of_a_frame_that_cannot_be_read(
    workers: Workers, subs: list[Blob]
) -> None:
    pipeline = pipeline_of(workers)
    pipeline.mended = np.array([3, 5], np.intp)
    assert isinstance(pipeline.process(blob_of(b"no frame")), Refused)
    assert pipeline.mended.size == 0
    pipeline.mended = np.array([3, 5], np.intp)
    pipeline.paused = True
    assert pipeline.process(subs[0]).reason == "paused"
    assert pipeline.mended.size == 0


class Watched(Pace):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.observed: list[datetime] = []

    def observe(self, received: datetime, took_s: float, exposure_s: float = 0.0, halved: bool = False) -> None:
        self.observed.append(received)


@pytest.mark.parametrize(("keep_up", "observed"), [("true", 2), ("false", 0)])
def test_the_pace_is_kept_where_that_is_wanted(workers: Workers, subs: list[Blob], keep_up: str, observed: int) -> None:
    pace = Watched()
    pipeline = pipeline_of(workers, f"stack.keep_up={keep_up}", pace=pace)
    for blob in subs:
        assert isinstance(pipeline.process(blob), Accepted)
    assert len(pace.observed) == observed


def test_an_ending_stack_gives_its_memory_to_the_next(
    workers: Workers, subs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for all but half a stack."""
    pipeline = pipeline_of(workers, "drift.change_patience=1", "stack.method=mean", skip_repeats=False)
    assert isinstance(pipeline.process(subs[0]), Accepted)
    session = pipeline.session
    assert session is not None
    maker = pipeline.starter.setup_maker
    stack_setup = maker.make(session.reference.scene, session.first)
    wanted = stack_setup.need(maker.config, session.first).total(lean=False, opens_on_disk=False)
    room = wanted / (1 - WAITING_SHARE) - session.state_bytes / 2
    monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda: room)
    exposure = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0).expose()
    longer = replace(exposure, header=exposure.header | {"EXPTIME": 77.0})
    assert pipeline.process(blob_of(longer)).reason == "exposure_changed"
    assert pipeline.session is not None
    assert pipeline.session is not session
    assert str(pipeline.session.rung) == "full"


def test_after_a_stack_that_was_ended_its_reference_is_forgotten(workers: Workers, subs: list[Blob]) -> None:
    pipeline = pipeline_of(workers, skip_repeats=False)
    pipeline.align_to(pipeline.look(subs[0]))
    for name in (subs[0].origin, subs[1].origin):
        assert isinstance(pipeline.process(subs[1]), Accepted)
        assert pipeline.session is not None
        assert pipeline.session.reference.name == name
        pipeline.reset()
        assert pipeline.session is None
