"""What is made where memory or time is short, and a canvas that grows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from indistack.output.snapshots import snapshot
from indistack.output.trim import Trim
from indistack.picture.linear import StackPicture
from indistack.pipeline.pace import Pace
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Refused
from simulators.observatory import Observatory
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

MB = 1e6


def stacked(pipeline: Pipeline, sky: Observatory, subs: int = 3, every_s: float = 10.0) -> Session:
    for number in range(subs):
        blob = blob_of(sky.expose())
        outcome = pipeline.process(replace(blob, received=blob.received + timedelta(seconds=number * every_s)))
        assert isinstance(outcome, Accepted), outcome
    assert pipeline.session is not None
    return pipeline.session


@pytest.mark.parametrize("cfa", ["RGGB", "mono"])
def test_where_memory_is_short_the_stack_is_made_at_half_the_resolution(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch, cfa: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("indistack.session.stack_setup.resident_bytes", lambda: 100 * MB)
        session = stacked(make_pipeline("stack.max_memory_mb=102"), make_sky(cfa=cfa))  # 640 x 480 wants 5 to 11 MB
    assert session.rung.startswith("half: ")
    assert "MB of memory wanted" in session.rung
    assert session.grid.size == (240, 320)
    full = stacked(make_pipeline(), make_sky(cfa=cfa))
    assert full.rung == "full"
    assert full.size == (480, 640)
    coarse, fine = (np.asarray(each.stack.integration().pixels) for each in (session, full))
    cells = fine.reshape(240, 2, 320, 2, *fine.shape[2:]).mean(axis=(1, 3))
    inner = np.s_[8:-8, 8:-8]
    noise = np.std(coarse[inner] - cells[inner])
    assert abs(np.median(coarse[inner] - cells[inner])) < 0.02 * noise + 0.2


def test_the_header_tells_the_rung(make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.session.stack_setup.resident_bytes", lambda: 100 * MB)
    session = stacked(make_pipeline("stack.max_memory_mb=102"), make_sky())
    history = [value for keyword, value, _ in snapshot(session).cards if keyword == "HISTORY"]
    assert any(line.startswith("resolution: half") for line in map(str, history))


def test_a_filter_for_which_there_is_no_memory_is_refused(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_pipeline()
    sky = make_sky(cfa="mono")
    assert isinstance(pipeline.process(through(sky, "L")), Accepted)
    monkeypatch.setattr("indistack.session.stack_setup.budget_bytes", lambda _: 1000)
    refused = pipeline.process(through(sky, "R"))
    assert isinstance(refused, Refused)
    assert refused.reason == "no_memory"
    assert "'R'" in refused.detail
    assert isinstance(pipeline.process(through(sky, "L")), Accepted)


def through(sky: Observatory, filter_name: str) -> Blob:
    """Return the next sub, through that filter as the filter wheel says."""
    return replace(blob_of(sky.expose()), cards=(("FILTER", filter_name, ""),))


def test_what_comes_too_fast_is_stacked_at_half_the_resolution(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indistack.pipeline.pace.COLD", 1e-4)  # of an exposure of 10 s
    session = stacked(make_pipeline(pace=Pace()), make_sky())
    assert session.rung.startswith("half: a sub takes ")
    assert session.n_subs == 3
    relaxed = stacked(make_pipeline("stack.keep_up=false", pace=Pace()), make_sky())
    assert relaxed.rung == "full"


def test_further_stacks_take_fewer_subs_where_time_is_short(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline("branches.other.method=mean", pace=Pace())
    session = stacked(pipeline, make_sky(), subs=16, every_s=0.001)
    counts = {name: branch.method.tally.n_subs for name, (_, branch) in session.stacks().items()}
    assert counts["stack"] == 16
    assert 6 <= counts["other"] <= 12


def test_a_canvas_that_grows_holds_every_sub(make_pipeline: MakePipeline) -> None:
    drifting = {"drift_px_per_sub": (40.0, -25.0), "cfa": "RGGB"}
    grown = stacked(make_pipeline("stack.canvas=grow", "drift.limit=90 %"), make_sky(**drifting), subs=5)
    plain = stacked(make_pipeline("drift.limit=90 %"), make_sky(**drifting), subs=5)
    height, width = grown.size
    assert height > 480
    assert width > 640
    left, top = grown.grid.matrix[:2, 2].astype(int)
    inside = np.s_[top : top + 480, left : left + 640]
    larger, small = grown.stack.integration(), plain.stack.integration()
    same = larger.coverage[inside] == small.coverage
    same &= np.isclose(larger.pixels[inside], small.pixels, rtol=1e-4).all(axis=2)
    assert np.count_nonzero(~same) <= 1e-4 * same.size  # a place between two 32nds of a pixel is rounded either way
    covered = int((larger.coverage > 0).sum())
    assert covered == pytest.approx(480 * 640 + 4 * (40 * 480 + 25 * 640 - 40 * 25), rel=0.01)
    assert larger.coverage.max() == 5


def test_what_is_published_of_a_grown_canvas_is_what_subs_have_reached(make_pipeline: MakePipeline) -> None:
    """The grid grows in steps of 256 px; three subs that drift by 27 px need 54 more columns."""
    session = stacked(make_pipeline("stack.canvas=grow"), make_sky(drift_px_per_sub=(27.0, 0.0), cfa="mono"), subs=3)
    assert session.grid.size[1] == 640 + 256
    published = snapshot(session, maps=True)
    height, width = published.picture.shape
    assert Trim.size(session) == (height, width)
    assert height == pytest.approx(480, abs=2)
    assert width == pytest.approx(640 + 54, abs=2)
    pixels = published.picture.rows(slice(None))
    assert np.isnan(pixels).mean() < 0.01
    assert {plane.shape for plane in published.maps.values()} == {(height, width)}
    stack = session.stack.integration()
    rows, cols = (np.flatnonzero((stack.coverage > 0).any(axis=axis)) for axis in (1, 0))
    whole = StackPicture(stack.pixels, stack.weight).rows(slice(None))
    np.testing.assert_array_equal(pixels, whole[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1])
    np.testing.assert_array_equal(Trim.of(session).matrix[:2, 2], session.grid.matrix[:2, 2] - (cols[0], rows[0]))


def test_a_canvas_does_not_grow_beyond_the_memory(make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, sky = make_pipeline("stack.canvas=grow", "drift.limit=90 %"), make_sky(drift_px_per_sub=(40.0, 0.0))
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)
    monkeypatch.setattr("indistack.session.stack_setup.budget_bytes", lambda _: 1000)
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)
    assert pipeline.session is not None
    assert pipeline.session.grid.size == (480, 640)


def test_what_cannot_be_drizzled_is_refused_with_a_reason(make_pipeline: MakePipeline) -> None:
    settings = ("stack.drizzle=1", "stack.method=maximum")
    refused = make_pipeline(*settings).process(blob_of(make_sky(cfa="RGGB").expose()))
    assert isinstance(refused, Refused)
    assert refused.reason == "no_drizzle"
    assert "mean" in refused.detail
    assert isinstance(make_pipeline(*settings).process(blob_of(make_sky(cfa="mono").expose())), Accepted)
