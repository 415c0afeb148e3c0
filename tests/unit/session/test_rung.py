"""The ladder that a stack goes down where memory or time is short."""

from __future__ import annotations

import pytest

from indistack.session.rung import FINEST, Rung


@pytest.mark.parametrize(
    ("rung", "text"),
    [
        (Rung(), "full"),
        (Rung("half", why="no time"), "half: no time"),
        (
            Rung("quarter", ("trails", "few"), "3 MB: short"),
            "quarter without trails, few: 3 MB: short",
        ),
    ],
)
def test_what_is_told_is_read_again(rung: Rung, text: str) -> None:
    assert str(rung) == text
    assert Rung.parse(text) == rung


def test_it_goes_down_by_resolution_then_by_stacks() -> None:
    places = [str(rung) for rung in FINEST.down(["a", "b"])]
    assert places == ["full", "half", "quarter", "quarter without b", "quarter without a, b"]


def test_it_never_goes_up() -> None:
    assert [str(rung) for rung in Rung("half").down([])] == ["half", "quarter"]
    assert [str(rung) for rung in Rung("quarter", ("b",)).down(["a", "b"])] == [
        "quarter without b",
        "quarter without b, a",
    ]
