"""Reports of subs as a night's hints."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from indistack.agent.night_watch import NightWatch
from indistack.values.star_list import Measures
from indistack.values.sub_parts import Decision
from indistack.values.sub_report import SubReport

DUSK = datetime(2026, 1, 1, 22, tzinfo=UTC)
STARS = Measures(
    stars=100, fwhm_px=3.0, hfr_px=2.0, eccentricity=0.3, trailing=0.1, trail_deg=0.0, shape_scatter=0.1,
    background_adu=900.0, noise_adu=10.0, saturated=0.0, snr=20.0,
)  # fmt: skip


def report(number: int, word: str = "accepted", **stars: Any) -> SubReport:
    decision = Decision(number, DUSK + timedelta(minutes=number), word)
    return SubReport(decision=decision, stars=replace(STARS, **stars))


def test_wide_stars_are_told_of_once_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    watch = NightWatch()
    for number in range(1, 31):
        watch.add(report(number, fwhm_px=3.0 if number <= 20 else 4.5))
    (hint,) = watch.told()
    assert (hint["kind"], hint["since"]) == ("refocus", 21)
    said = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in said] == [hint["text"]]


def test_what_another_run_has_told_is_not_told_again(caplog: pytest.LogCaptureFixture) -> None:
    watch = NightWatch()
    for number in range(1, 31):
        watch.add(report(number, fwhm_px=3.0 if number <= 20 else 4.5), quiet=True)
    assert len(watch.told()) == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_new_stack_and_calibration_frames_are_no_reason() -> None:
    watch = NightWatch()
    for number in range(1, 21):
        watch.add(report(number))
    for number in range(21, 31):
        watch.add(report(number, "filed", fwhm_px=9.0))
    assert watch.told() == []
    for number in range(31, 38):
        watch.add(report(number, "restarted" if number == 31 else "accepted", fwhm_px=4.5))
    assert watch.told() == []
