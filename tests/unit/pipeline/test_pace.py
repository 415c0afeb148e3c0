"""Whether subs can be stacked as fast as they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from indistack.pipeline.pace import LOOKED_BACK, SLOWEST, Pace

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(pace: Pace, subs: int, took_s: float, every_s: float = 10.0) -> list[int]:
    """Process subs at a steady rate; return what was asked of further stacks after each."""
    asked = []
    for number in range(subs):
        pace.observe(START + timedelta(seconds=number * every_s), took_s)
        asked.append(pace.slowed)
    return asked


def test_nothing_changes_where_there_is_time() -> None:
    assert set(run(Pace(), 50, took_s=9.0)) == {1}


def test_it_slows_down_step_by_step_and_not_for_ever() -> None:
    asked = run(Pace(), 100, took_s=20.0)
    assert asked[: LOOKED_BACK + 1] == [1] * LOOKED_BACK + [2]
    assert sorted(set(asked)) == [1, 2, 4, 8, SLOWEST]


def test_it_climbs_back() -> None:
    pace = Pace()
    run(pace, 12, took_s=20.0)
    assert pace.slowed == 4
    run(pace, 24, took_s=2.0)
    assert pace.slowed == 1


def test_between_busy_and_idle_it_stays_as_it_is() -> None:
    pace = Pace()
    run(pace, 6, took_s=20.0)
    run(pace, 60, took_s=8.0)
    assert pace.slowed == 2


def test_one_slow_sub_is_no_reason() -> None:
    pace = Pace()
    for number in range(30):
        pace.observe(START + timedelta(seconds=10 * number), 60.0 if number % 7 == 3 else 5.0)
    assert pace.slowed == 1


@pytest.mark.parametrize(
    ("first_s", "exposure_s", "slow"), [(1.4, 1.0, False), (1.6, 1.0, True), (9.0, 0.0, False), (9.0, 0.5, False)]
)
def test_a_first_sub_that_takes_much_longer_than_its_exposure(first_s: float, exposure_s: float, slow: bool) -> None:
    assert bool(Pace().too_slow(first_s, exposure_s)) == slow
