"""An exposure that arrives again is known by its pixels and its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from indistack.pipeline.duplicates import REMEMBERED_SUBS, RecentFrames
from indistack.values.frame import FrameInfo, RawFrame

TEN = datetime(2024, 8, 10, 22, tzinfo=UTC)


def raw(value: int = 1, date_obs: datetime | None = TEN) -> RawFrame:
    return RawFrame(np.full((4, 4), value, np.uint16), None, FrameInfo(date_obs=date_obs), fingerprint=f"{value}")


@pytest.mark.parametrize(
    ("again", "repeats"),
    [
        (raw(), True),
        (raw(date_obs=None), True),
        (raw(date_obs=TEN + timedelta(seconds=10)), False),  # a camera that clips everywhere, or a simulator
        (raw(2), False),
    ],
)
def test_the_same_pixels_of_the_same_time(again: RawFrame, repeats: bool) -> None:
    recent = RecentFrames()
    recent.remember(raw())
    assert recent.is_repeat(again) is repeats


def test_the_oldest_is_forgotten() -> None:
    recent = RecentFrames()
    for value in range(REMEMBERED_SUBS + 1):
        recent.remember(raw(value))
    assert [recent.is_repeat(raw(value)) for value in (0, 1, REMEMBERED_SUBS)] == [False, True, True]


def test_one_that_comes_often_takes_one_place() -> None:
    recent = RecentFrames()
    recent.remember(raw(1))
    for second in range(REMEMBERED_SUBS):
        recent.remember(raw(2, TEN + timedelta(seconds=second)))
    assert recent.is_repeat(raw(1))


def test_memory_keeps_times_and_order() -> None:
    before, after = RecentFrames(), RecentFrames()
    for value in range(REMEMBERED_SUBS):
        before.remember(raw(value, TEN if value else None))
    after.recall(json.loads(json.dumps(before.memory())))
    assert after.memory() == before.memory()
    assert after.is_repeat(raw(0, TEN))
    assert not after.is_repeat(raw(1, TEN + timedelta(seconds=1)))
    after.remember(raw(REMEMBERED_SUBS))
    assert [after.is_repeat(raw(value)) for value in (0, 1)] == [False, True]
