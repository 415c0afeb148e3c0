"""A stack's goal is reached once."""

from __future__ import annotations

from typing import Any

from indistack.agent.goal import GoalWatch


def snr(value: float | None, target: float | None = 50.0) -> dict[str, Any]:
    return {"snr": {"value": value, "target": target}, "exposure_s": 100.0}


def test_what_is_done_is_done_once_for_each_stack() -> None:
    done: list[int] = []
    watch = GoalWatch(None, lambda: done.append(1))
    for status in (snr(None), snr(49.0), snr(50.0), snr(51.0)):
        watch.look(status)
    assert len(done) == 1
    watch.look(snr(5.0))  # the next stack
    watch.look(snr(60.0))
    assert len(done) == 2


def test_exposure_is_a_goal_as_well() -> None:
    done: list[int] = []
    watch = GoalWatch(600.0, lambda: done.append(1))
    for exposure_s in (0.0, 599.0):
        watch.look({"exposure_s": exposure_s, "snr": None})
    assert not done
    watch.look({"exposure_s": 600.0})
    assert done


def test_without_a_goal_none_is_reached() -> None:
    watch = GoalWatch(None, lambda: 1 / 0)
    watch.look(snr(1000.0, None))
    watch.look({})
