"""How often a growing stack is written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from indistack import publisher
from indistack.publisher import Output


class SlowSink:
    """Takes a stated time to write."""

    suffix, needs_preview = ".fits", False

    def __init__(self, clock: SimpleNamespace, took_s: float) -> None:
        self._clock = clock
        self._took_s = took_s

    def write(self, path: Path, snapshot: Any) -> None:
        self._clock.now_s += self._took_s


@pytest.mark.parametrize(
    ("interval_s", "duty", "took_s", "next_s"),
    [
        (2.0, 0.05, 0.01, 2.0),  # a quick card: the interval decides
        (2.0, 0.05, 1.0, 20.0),  # a slow one writes a twentieth of the time
        (2.0, 0.5, 1.0, 2.0),
        (30.0, 0.05, 1.0, 30.0),
    ],
)
def test_a_file_is_due_after_its_interval_and_its_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interval_s: float, duty: float, took_s: float, next_s: float
) -> None:
    clock = SimpleNamespace(now_s=100.0)
    monkeypatch.setattr(publisher, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    output = Output(tmp_path / "stack.fits", SlowSink(clock, took_s), interval_s, duty)
    assert output.is_due(clock.now_s)
    output.write(None)  # type: ignore[arg-type]
    assert not output.is_due(100.0 + next_s - 0.01)
    assert output.is_due(100.0 + next_s)
