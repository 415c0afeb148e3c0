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


def test_a_first_sub_that_stalls_is_no_reason() -> None:
    pace = Pace()
    pace.observe(START - timedelta(seconds=10), 45.0)
    run(pace, 20, took_s=5.0)
    assert (pace.slowed, pace.too_slow) == (1, "")


def test_the_next_stack_is_halved_only_after_several_subs() -> None:
    pace = Pace()
    run(pace, LOOKED_BACK, took_s=20.0)
    assert pace.too_slow == ""
    run(pace, 1 + LOOKED_BACK, took_s=20.0)
    assert pace.too_slow == "a sub takes 20.0 s and one comes every 10.0 s"


def test_the_same_stack_takes_that_back_where_there_is_time_again() -> None:
    pace = Pace()
    run(pace, 20, took_s=20.0)
    run(pace, 20, took_s=5.0)
    assert pace.too_slow == ""


@pytest.mark.parametrize(("took_s", "slow"), [(2.0, False), (3.0, True)])
def test_a_stack_at_half_the_resolution_is_followed_by_a_full_one_where_that_will_do(took_s: float, slow: bool) -> None:
    pace = Pace()
    run(pace, 20, took_s=20.0)
    for number in range(20):
        pace.observe(START + timedelta(hours=1, seconds=10 * number), took_s, halved=True)
    assert bool(pace.too_slow) == slow


def test_subs_that_come_faster_than_they_are_exposed_have_waited_somewhere() -> None:
    pace = Pace()
    for number in range(30):
        pace.observe(START + timedelta(milliseconds=number), 1.0, exposure_s=10.0)
    assert (pace.slowed, pace.too_slow, pace.lacks(lambda: 60.0)) == (1, "", "")


def test_short_exposures_at_long_intervals_are_no_hurry() -> None:
    pace = Pace()
    for number in range(30):
        pace.observe(START + timedelta(seconds=4 * number), 2.0, exposure_s=0.01)
    assert pace.too_slow == ""


@pytest.mark.parametrize(("extra_s", "lacks"), [(4.0, False), (5.0, True)])
def test_there_is_time_for_more_or_there_is_not(extra_s: float, lacks: bool) -> None:
    pace = Pace()
    assert pace.lacks(lambda: 99.0) == ""
    run(pace, LOOKED_BACK + 1, took_s=5.0)
    assert bool(pace.lacks(lambda: extra_s)) == lacks
