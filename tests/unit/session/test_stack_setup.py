"""How fine the grid of a session may be on this machine."""

from __future__ import annotations

import pytest

from indistack.session import stack_setup
from indistack.session.stack_setup import RESERVE_BYTES, budget_bytes
from indistack.stack import StackSettings


@pytest.mark.parametrize(
    ("max_memory_mb", "budget"),
    [
        (0, 10_000_000_000 - RESERVE_BYTES),
        (3000, 2_000_000_000),  # 1000 MB of them are taken
        (20000, 10_000_000_000 - RESERVE_BYTES),
    ],
)
def test_the_smaller_of_what_is_free_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, max_memory_mb: float, budget: int
) -> None:
    monkeypatch.setattr(stack_setup, "available_bytes", lambda: 10_000_000_000)
    monkeypatch.setattr(stack_setup, "resident_bytes", lambda: 1_000_000_000)
    assert budget_bytes(StackSettings(max_memory_mb=max_memory_mb)) == budget
