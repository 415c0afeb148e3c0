"""The line of a sub."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from indistack.command_line.sub_line import duration_words, shorten, shown, sub_line, why
from indistack.store.entries import decided
from indistack.values.outcome import Accepted, Filed, Outcome, Refused, Restarted
from indistack.values.star_list import Measures, PhotometricMatch
from indistack.values.sub_report import Arrival, SubPlace, SubReport
from indistack.values.transform import Transform

NOW = datetime(2024, 8, 10, 21, 14, 3, tzinfo=UTC)


def reported(outcome: Outcome, number: int = 7) -> str:
    return sub_line(decided(number, outcome, NOW)).plain


def stars(count: int, fwhm_px: float) -> Measures:
    return Measures(count, fwhm_px, *[0.0] * 7, 0, 0.0)


def measured(path: str = "", **changes: Any) -> SubReport:
    arrival = Arrival(NOW, path, "camera.CCD1", "camera", ".fits", 1)
    place = SubPlace(Transform.identity(), (3.0, 4.0))
    return SubReport(
        arrival, stars=stars(149, 3.14), place=place, photometry=PhotometricMatch(transparency=0.98), **changes
    )


def test_a_sub_that_is_used_tells_what_it_is_like() -> None:
    line = reported(Accepted(measured()))
    assert line == f"{NOW.astimezone():%H:%M:%S}    7 stacked   149 stars, FWHM 3.1 px, moved 5.0 px, clear 98%"
    assert len(line) <= 80


def test_a_file_is_named_and_a_camera_not() -> None:
    line = reported(Accepted(measured("/night/M27_Light_60s_gain100_0001.fits")))
    assert line.endswith("stacked   M27_Light…_0001.fits  149 stars, FWHM 3.1 px, clear 98%")
    assert len(line) < 80
    assert "CCD1" not in reported(Accepted(measured()))


def test_nothing_that_a_file_is_called_acts_on_the_terminal() -> None:
    line = reported(Accepted(measured("/night/a\x1b[2J\n\u202e.fits")))
    assert "a?[2J ?.fits" in line
    assert shown("b\x1b[0m").plain == "b?[0m"


def test_a_sub_that_is_left_out_tells_why_in_words_without_its_measures() -> None:
    line = reported(Refused("too_few_stars", measured(), "3 stars, 8 are needed"))
    assert line.endswith("left out  too few stars: 3 stars, 8 are needed")


def test_what_begins_a_stack_or_is_filed_is_said() -> None:
    assert "new stack drift limit: drift 30.0 px, 149 stars" in reported(
        Restarted("drift_limit", measured(), "drift 30.0 px")
    )
    assert reported(Filed("dark")).endswith("filed     dark")


def test_what_is_not_known_is_left_out() -> None:
    unknown = SubReport(stars=stars(12, float("nan")))
    assert reported(Accepted(unknown)).endswith("stacked   12 stars")
    assert why(unknown) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "0.5 s"), (45, "45 s"), (59.6, "1 min"), (60, "1 min"), (750, "12 min 30 s"), (7500, "2 h 05 min")],
)
def test_a_duration(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_a_long_name_loses_its_middle() -> None:
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 10) == "abcd…ghijk"
