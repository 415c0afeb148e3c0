"""The soak's parts find nothing in one round, and would tell it if they did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak import damage, hostile, kills, receivers
from tests.soak.figures import Clock, Figures

LATER = "2099-01-01T00:00:00+00:00"


class Rounds(Clock):
    """Over after so many looks at it, however long these take."""

    def __init__(self, count: int) -> None:
        super().__init__(0.0)
        self._left = count

    def is_over(self) -> bool:
        self._left -= 1
        return self._left < 0


@pytest.mark.slow
@pytest.mark.parametrize("part", [kills.soak, damage.soak, hostile.files, receivers.soak])
def test_nothing_is_lost_in_a_round(tmp_path: Path, part: Callable[[Path, Clock], Figures]) -> None:
    figures = part(tmp_path, Rounds(1))
    assert figures.tries or part is receivers.soak  # the first frame comes undisturbed
    assert figures.delivered == figures.lines
    assert not figures.faults


@pytest.mark.slow
def test_a_line_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "lines_of", lambda _: [{"number": 1}, {"number": 3}])
    figures = kills.soak(tmp_path, Rounds(1))
    assert figures.delivered > figures.lines
    assert "lines [1, 3]" in figures.faults[0]


@pytest.mark.slow
def test_a_frame_that_a_receiver_forgets_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = receivers._Night.seen
    monkeypatch.setattr(receivers._Night, "seen", lambda night: [(number, LATER) for number, _ in seen(night)])
    figures = receivers.soak(tmp_path, Rounds(1))
    assert any("nobody delivered" in fault for fault in figures.faults)
    assert any("nobody was killed" in fault for fault in figures.faults)


@pytest.mark.parametrize(
    ("lines", "delivered", "counted", "fault"),
    [
        ([(1, "a"), (2, "b"), (3, "c")], 3, 3, ""),
        ([(1, "a"), (2, "c")], 2, 2, ""),
        ([(1, "a"), (2, "b")], 3, 2, "lost, though nobody was killed: ['c']"),
        ([(1, "a"), (3, "c")], 2, 2, "numbers [1, 3]"),
        ([(1, "a"), (2, "c"), (3, "d")], 2, 3, "nobody delivered: ['d']"),
    ],
)
def test_a_frame_in_flight_excuses_no_other(
    lines: list[tuple[int, str]], delivered: int, counted: int, fault: str
) -> None:
    """Three were delivered; somebody was killed while b came."""
    figures = Figures("receiver killed", tries=1)
    receivers._count(figures, lines, ["a", "b", "c"], {"b"})
    assert (figures.delivered, figures.lines) == (delivered, counted)
    assert [each for each in figures.faults if fault in each] == figures.faults
    assert bool(figures.faults) == bool(fault)
