"""How long stages take."""

from __future__ import annotations

import pytest

from indistack.system import stage_times
from indistack.system.stage_times import no_numbers, timed


def test_a_stage_that_fails_has_its_milliseconds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s = iter([10.0, 10.25, 20.0, 20.5])
    monkeypatch.setattr(stage_times.time, "perf_counter", lambda: next(clock_s))
    numbers = no_numbers()
    with timed(numbers, "decode"):
        pass
    with pytest.raises(ValueError, match="dark"), timed(numbers, "calibrate"):
        raise ValueError("no dark")
    assert numbers == {"stage_ms": {"decode": 250.0, "calibrate": 500.0}}
