"""Blobs on their way to subs whose stars are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from indistack.align import Waiting
from indistack.config import Config
from indistack.errors import FrameError
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.draft import Draft
from indistack.pipeline.intake import Intake
from indistack.settings import load
from indistack.store.entries import Written
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.star_list import PhotometricMatch
from indistack.values.sub_parts import UsedMasters
from indistack.values.transform import Transform
from tests.pipeline.night import blob_of, make_sky

WRITTEN = Written(3, Transform.identity(), PhotometricMatch(), {"stack": 1.0}, (), 0)
NOTHING_MENDED = np.empty(0, np.intp)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def sub() -> Blob:
    return blob_of(make_sky(width_px=320, height_px=240, n_stars=60).expose())


def intake(workers: Workers, skip_repeats: bool = True) -> Intake:
    config = load(Config, None, [])
    return Intake(config, workers, calibrator_factory(config)(workers), skip_repeats)


def test_every_step_says_what_it_found(workers: Workers, sub: Blob) -> None:
    draft, steps = Draft(sub), intake(workers)
    seen = steps.see(steps.calibrate(steps.decode(sub, draft), draft), draft)
    report = draft.report
    assert report.frame is not None
    assert (report.frame.width, report.frame.height, report.masters) == (320, 240, UsedMasters())
    assert report.stars == seen.measures
    assert seen.measures.stars == len(seen.scene.stars) > 30
    assert list(report.times) == ["decode", "calibrate", "stars"]


def test_a_frame_that_comes_again_is_refused_unless_it_is_known_to_be_new(workers: Workers, sub: Blob) -> None:
    steps = intake(workers)
    steps.decode(sub, Draft(sub))
    with pytest.raises(FrameError) as refusal:
        steps.decode(replace(sub, origin="another way"), Draft(sub))
    assert refusal.value.reason == "duplicate"
    assert steps.decode(sub, Draft(sub), new=True).width == 320
    meant = intake(workers, skip_repeats=False)
    assert [meant.decode(sub, Draft(sub)).width for _ in range(2)] == [320, 320]


def test_a_sub_with_stars_enough_ends_the_wait_of_faint_ones(workers: Workers, sub: Blob) -> None:
    draft, steps = Draft(sub), intake(workers)
    seen = steps.see(steps.calibrate(steps.decode(sub, draft), draft), draft)
    steps.faint.waiting = Waiting(setup="of the subs before")
    assert steps.together(seen, None, draft) is seen
    assert steps.faint.waiting.setup == ""


def test_a_frame_is_calibrated_again_as_it_was(workers: Workers, sub: Blob) -> None:
    steps = intake(workers)
    frame = steps.calibrate(steps.decode(sub, Draft(sub)), Draft(sub))
    again = intake(workers).again(WRITTEN, sub, frame.mended)
    np.testing.assert_array_equal(again.pixels, frame.pixels)
    np.testing.assert_array_equal(again.mended, frame.mended)


def test_a_frame_that_had_other_masters_is_refused(workers: Workers, sub: Blob) -> None:
    with pytest.raises(FrameError, match="sub 3 was calibrated with dark 5 and flat R") as refusal:
        intake(workers).again(replace(WRITTEN, masters=("dark 5", "flat R")), sub, NOTHING_MENDED)
    assert refusal.value.reason == "masters_changed"


def taken(sub: Blob, workers: Workers, disturbed: str) -> Draft:
    """What is known of a sub during which guiding was lost, when it has been calibrated."""
    config = load(Config, None, [f"ekos.disturbed={disturbed}"])
    intake = Intake(config, workers, calibrator_factory(config)(workers), skip_repeats=False)
    intake.disturbances.begin("guiding was lost", sub.received - timedelta(seconds=1))
    draft = Draft(sub)
    raw = intake.decode(sub, draft)
    intake.require_wanted(raw, sub, draft)
    intake.calibrate(raw, draft)
    return draft


def test_a_sub_that_was_disturbed_is_marked_or_held_back_or_taken(sub: Blob, workers: Workers) -> None:
    marked, ignored = (taken(sub, workers, word).report.masters for word in ("mark", "ignore"))
    assert marked is not None
    assert "while it was exposed guiding was lost" in marked.warnings
    assert ignored is not None
    assert not any("guiding" in warning for warning in ignored.warnings)
    with pytest.raises(FrameError, match="guiding was lost") as held:
        taken(sub, workers, "hold")
    assert held.value.reason == "disturbed"
