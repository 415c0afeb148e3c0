"""What is said of results."""

from __future__ import annotations

import pytest

from indistack.command_line.results import in_words


@pytest.mark.parametrize(
    ("exposure_s", "words"),
    [(0.0, "exposure unknown"), (0.004, "0.004 s"), (1.25, "1.25 s"), (9.999, "10 s"), (120.4, "120 s")],
)
def test_an_exposure_is_never_told_as_none(exposure_s: float, words: str) -> None:
    assert in_words(exposure_s) == words
