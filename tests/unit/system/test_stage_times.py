"""How long stages take."""

from __future__ import annotations

import pytest

from indistack.system import stage_times
from indistack.system.stage_times import timed


def test_a_stage_that_fails_has_its_milliseconds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = iter([10.0, 10.25, 20.0, 20.5])
    monkeypatch.setattr(stage_times.time, "perf_counter", lambda: next(clock_s))
    times: dict[str, float] = {}
    with timed(times, "decode"):
        pass
    with pytest.raises(ValueError, match="dark"), timed(times, "calibrate"):
        raise ValueError("no dark")
    assert times == {"decode": 250.0, "calibrate": 500.0}
