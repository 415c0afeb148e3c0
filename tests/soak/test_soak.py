"""The soak's parts find nothing in one round, and would tell it if they did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak import damage, hostile, kills
from tests.soak.figures import Clock, Figures


class Rounds(Clock):
    """Over after so many looks at it, however long these take."""

    def __init__(self, count: int) -> None:
        super().__init__(0.0)
        self._left = count

    def is_over(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.slow
@pytest.mark.parametrize("part", [kills.soak, damage.soak, hostile.files])
def test_nothing_is_lost_in_a_round(tmp_path: Path, part: Callable[[Path, Clock], Figures]) -> None:
    figures = part(tmp_path, Rounds(1))
    assert figures.tries
    assert figures.delivered == figures.lines
    assert not figures.faults


@pytest.mark.slow
def test_a_line_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "lines_of", lambda _: [{"number": 1}, {"number": 3}])
    figures = kills.soak(tmp_path, Rounds(1))
    assert figures.delivered > figures.lines
    assert "lines [1, 3]" in figures.faults[0]
