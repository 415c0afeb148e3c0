"""What is made where memory or time is short, and a canvas that grows."""

from __future__ import annotations

import threading
import weakref
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.output.snapshots import snapshot
from indistack.output.trim import Trim
from indistack.picture.linear import StackPicture
from indistack.pipeline.pace import Pace
from indistack.pipeline.pipeline import Pipeline
from indistack.session.memory_need import WAITING_SHARE
from indistack.session.rung import Rung
from indistack.session.session import Session
from indistack.values.blob import Blob
from indistack.values.outcome import Accepted, Refused
from simulators.observatory import Observatory
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of

MB = 1e6


def stacked(pipeline: Pipeline, sky: Observatory, subs: int = 3, every_s: float = 10.0) -> Session:
    for number in range(subs):
        blob = blob_of(sky.expose())
        outcome = pipeline.process(replace(blob, received=blob.received + timedelta(seconds=number * every_s)))
        assert isinstance(outcome, Accepted), outcome
    assert pipeline.session is not None
    return pipeline.session


@pytest.mark.parametrize(("cfa", "max_memory_mb"), [("RGGB", 190), ("mono", 127)])
def test_where_memory_is_short_the_stack_is_made_at_half_the_resolution(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch, cfa: str, max_memory_mb: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("indistack.session.memory_need.resident_bytes", lambda: 100 * MB)
        session = stacked(make_pipeline("stack.jobs=2", f"stack.max_memory_mb={max_memory_mb}"), make_sky(cfa=cfa))
    assert session.rung.word == "half"
    assert "MB of memory wanted" in session.rung.why
    assert session.grid.size == (240, 320)
    full = stacked(make_pipeline(), make_sky(cfa=cfa))
    assert str(full.rung) == "full"
    assert full.grid.size == (480, 640)
    coarse, fine = (np.asarray(each.stack.integration().pixels) for each in (session, full))
    cells = fine.reshape(240, 2, 320, 2, *fine.shape[2:]).mean(axis=(1, 3))
    inner = np.s_[8:-8, 8:-8]
    noise = np.std(coarse[inner] - cells[inner])
    assert abs(np.median(coarse[inner] - cells[inner])) < 0.02 * noise + 0.2


def test_the_header_tells_the_rung(make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.session.memory_need.resident_bytes", lambda: 100 * MB)
    session = stacked(make_pipeline("stack.jobs=2", "stack.max_memory_mb=190"), make_sky())
    history = [value for keyword, value, _ in snapshot(session).cards if keyword == "HISTORY"]
    assert any(line.startswith("resolution: half") for line in map(str, history))


def test_a_filter_for_which_there_is_no_memory_is_refused(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make_pipeline()
    sky = make_sky(cfa="mono")
    assert isinstance(pipeline.process(through(sky, "L")), Accepted)
    monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda: 3 * MB)
    refused = pipeline.process(through(sky, "R"))
    assert isinstance(refused, Refused)
    assert refused.reason == "no_memory"
    assert "'R'" in refused.detail
    assert isinstance(pipeline.process(through(sky, "L")), Accepted)


def through(sky: Observatory, filter_name: str) -> Blob:
    """Return the next sub, through that filter as the filter wheel says."""
    return replace(blob_of(sky.expose()), cards=(("FILTER", filter_name, ""),))


def test_where_subs_come_too_fast_the_next_stack_is_plain_and_at_half_the_resolution(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indistack.pipeline.pace.BUSY", 1e-5)  # of 10 s
    sky, pipeline = make_sky(), make_pipeline(pace=Pace())
    assert str(stacked(pipeline, sky, subs=6).rung) == "full"
    pipeline.reset()
    session = stacked(pipeline, sky, subs=2)
    assert str(session.rung).startswith("half: a sub takes ")
    assert session.config.stack.method == "mean"
    assert session.why_plain.startswith("a sub takes ")
    relaxed = make_pipeline("stack.keep_up=false", pace=Pace())
    stacked(relaxed, sky, subs=6)
    relaxed.reset()
    assert str(stacked(relaxed, sky, subs=2).rung) == "full"


def test_a_first_sub_that_stalls_changes_nothing(make_pipeline: MakePipeline) -> None:
    pace = Pace()
    pace.observe(blob_of(b"").received, 60.0, 10.0)
    sky, pipeline = make_sky(), make_pipeline(pace=pace)
    for _ in range(2):
        session = stacked(pipeline, sky, subs=4)
        assert (str(session.rung), session.config.stack.method) == ("full", "sigma_clip")
        pipeline.reset()


def test_further_stacks_take_fewer_subs_where_time_is_short(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indistack.pipeline.pace.BUSY", 1e-5)  # of 10 s
    monkeypatch.setattr("indistack.pipeline.pace.IDLE", 0)
    pipeline = make_pipeline("branches.other.method=mean", pace=Pace())
    session = stacked(pipeline, make_sky(), subs=16)
    counts = {name: branch.method.tally.n_subs for name, (_, branch) in session.stacks().items()}
    assert counts["stack"] == 16
    assert 6 <= counts["other"] <= 12


def test_a_canvas_that_grows_holds_every_sub(make_pipeline: MakePipeline) -> None:
    drifting = {"drift_px_per_sub": (40.0, -25.0), "cfa": "RGGB"}
    settings = "drift.limit=90 %", "stack.method=mean"  # outliers are told apart by tiles, which lie otherwise
    grown = stacked(make_pipeline("stack.canvas=grow", *settings), make_sky(**drifting), subs=5)
    plain = stacked(make_pipeline(*settings), make_sky(**drifting), subs=5)
    height, width = grown.grid.size
    assert height > 480
    assert width > 640
    left, top = grown.grid.matrix[:2, 2].astype(int)
    inside = np.s_[top : top + 480, left : left + 640]
    larger, small = grown.stack.integration(), plain.stack.integration()
    same = larger.coverage[inside] == small.coverage
    # A place between two 32nds of a pixel is rounded either way, and the blocks of one shift lie elsewhere.
    same &= np.isclose(larger.pixels[inside], small.pixels, rtol=0.005, atol=1.0).all(axis=2)
    assert np.count_nonzero(~same) <= 2e-3 * same.size
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
    monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda: 3 * MB)
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


def test_where_memory_is_too_short_for_any_stack_the_first_sub_says_so(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, sky = make_pipeline("stack.jobs=2"), make_sky()
    for spare, told in ((0.5 * MB, "to read it"), (20 * MB, "not even at a quarter of the resolution")):
        monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda spare=spare: spare)
        refused = pipeline.process(blob_of(sky.expose()))
        assert isinstance(refused, Refused)
        assert refused.reason == "no_memory"
        assert told in refused.detail
    monkeypatch.undo()
    assert isinstance(pipeline.process(blob_of(sky.expose())), Accepted)


def test_further_stacks_are_left_out_last(make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("stack.jobs=1", "stack.method=mean", *(f'branches.{name}.method="sigma_clip"' for name in "abc"))
    probe = make_pipeline(*settings)
    session = stacked(probe, make_sky(), subs=1)
    maker, frame = probe.starter.setup_maker, session.first
    quarter = maker.make(session.reference.scene, frame, Rung("quarter", ("b", "c")))
    room = quarter.need(maker.config, frame).total(lean=True, opens_on_disk=True) / (1 - WAITING_SHARE)
    monkeypatch.setattr("indistack.session.memory_need.spare_bytes", lambda: room + 1000)
    session = stacked(make_pipeline(*settings), make_sky(), subs=2)
    assert (session.rung.word, session.rung.without) == ("quarter", ("b", "c"))
    assert list(session.stacks()) == ["stack", "a"]
    assert session.grid.size == (120, 160)


@pytest.mark.parametrize("is_lean", [False, True])
def test_a_session_that_is_over_leaves_no_memory_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_lean: bool
) -> None:
    """The next one has none to spare for it."""
    begun: list[weakref.ref[Session]] = []
    alive: list[Session] = []
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    first, second = sky.expose(), sky.expose()
    longer = replace(second, header=second.header | {"EXPTIME": 77.0})
    agent = agent_of(tmp_path, [blob_of(first), blob_of(longer)], "drift.change_patience=1")
    if is_lean:
        monkeypatch.setattr("indistack.session.stack_setup.lacking", lambda _, __, lean, ___=0: "" if lean else "short")
    add = Session.add

    def look(session: Session, *args: Any) -> Any:
        alive.extend(one for ref in begun if (one := ref()) is not None)
        begun.append(weakref.ref(session))
        return add(session, *args)

    monkeypatch.setattr(Session, "add", look)
    agent.run(threading.Event())
    assert len(begun) == 2
    assert not alive
    assert len(list(tmp_path.glob("sessions/*/stack.fits"))) == 2


def test_a_limit_below_what_the_program_takes_is_told_as_such(
    make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indistack.session.memory_need.resident_bytes", lambda: 100 * MB)
    monkeypatch.setattr("indistack.session.memory_need.children_bytes", lambda: (0, 0))
    outcome = make_pipeline("stack.max_memory_mb=1").process(blob_of(make_sky().expose()))
    assert outcome.reason == "no_memory"
    assert "the program itself takes 100 MB of the 1 MB" in outcome.detail
