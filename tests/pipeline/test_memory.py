"""A pipeline that goes on from another's state does what the other would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.pipeline.pipeline import Pipeline
from indistack.resume.state import recall, start_of, state_of
from indistack.store.checkpoint import DAMAGED, Checkpoints, CheckpointSettings, State
from indistack.store.line_writer import as_line
from indistack.values.blob import Blob
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.night import blob_of, make_sky

SETTINGS = (
    "stack.method=mean",
    'branches.brightest.method="maximum"',
    'branches.few.method="mean"',
    "branches.few.every=2",
)


@pytest.fixture(scope="module")
def night() -> list[Blob]:
    sky = make_sky(width_px=320, height_px=240, n_stars=60, drift_px_per_sub=(4, -3), rotation_deg_per_sub=0.3)
    return [blob_of(sky.expose()) for _ in range(5)]


def through_a_disk(state: State, folder: Path) -> State:
    checkpoints = Checkpoints(folder, CheckpointSettings())
    checkpoints.write(state)
    checkpoints.wait()
    (found,) = checkpoints.newest_first()
    return found


def never(number: int) -> Any:
    raise AssertionError(f"sub {number} is not wanted again")


def facts_of(pipeline: Pipeline, blob: Blob) -> dict[str, Any]:
    """Take a sub; return its numbers but for the time that it took."""
    numbers = as_line(pipeline.process(blob).report)
    return {name: value for name, value in numbers.items() if not name.endswith("_ms")}


@pytest.mark.parametrize("more", ['stack.canvas="grow"', 'align.against="previous"'])
def test_it_goes_on_as_the_other_would(
    make_pipeline: MakePipeline, night: list[Blob], tmp_path: Path, more: str
) -> None:
    one, other = make_pipeline(*SETTINGS, more), make_pipeline(*SETTINGS, more)
    for blob in night[:3]:
        one.process(blob)
    one.paused = True
    recall(other, through_a_disk(state_of(one, 3), tmp_path), never)
    assert other.paused
    one.paused = other.paused = False
    for blob in night[3:]:
        np.testing.assert_equal(facts_of(other, blob), facts_of(one, blob))
    ours, theirs = state_of(other, 5), state_of(one, 5)
    assert ours.facts["session"]["canvas"]["width"] == theirs.facts["session"]["canvas"]["width"]
    assert one.session is not None
    assert other.session is not None
    for name, (_, branch) in one.session.stacks().items():
        for plane, pixels in branch.method.planes().items():
            np.testing.assert_array_equal(other.session.stacks()[name][1].method.planes()[plane], pixels)
    assert other.process(night[1]).reason == "duplicate"


def test_the_start_of_a_session_has_no_stack(make_pipeline: MakePipeline, night: list[Blob], tmp_path: Path) -> None:
    one, other = make_pipeline(), make_pipeline()
    one.process(night[0])
    start = start_of(one)
    recall(other, through_a_disk(start, tmp_path), never)
    assert (start.lines, other.session) == (0, None)
    assert other.process(night[0]).reason == "duplicate"


def test_a_state_of_another_version_is_refused(make_pipeline: MakePipeline, night: list[Blob]) -> None:
    one = make_pipeline()
    one.process(night[0])
    state = state_of(one, 1)
    del state.facts["session"]["drift"]
    with pytest.raises(DAMAGED):
        recall(make_pipeline(), state, never)
