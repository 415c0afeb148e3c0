"""How the signal to noise grows, and when a wanted one will be reached."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from indistack.agent.snr_growth import SnrGrowth
from indistack.store.entries import decided
from indistack.values.outcome import Accepted, Outcome, Refused, Restarted
from indistack.values.star_list import Measures
from indistack.values.sub_parts import Arrival, FrameFacts, StackShare
from indistack.values.sub_report import SubReport

BEGIN = datetime(2026, 1, 1, 22, tzinfo=UTC)
EVERY_S, EXPOSURE_S, FIRST_SNR = 15.0, 10.0, 20.0


def sub(number: int, gain: float, n_subs: int, filter_name: str = "", outcome: type = Accepted) -> SubReport:
    received = BEGIN + timedelta(seconds=EVERY_S * number)
    frame = FrameFacts("", 9, 9, "", None, EXPOSURE_S, None, None, "", filter_name, None, None, None)
    stars = replace(Measures(*[1.0] * len(fields(Measures))), stars=30, snr=FIRST_SNR)
    stack = StackShare(1.0, {"stack": 1.0}, n_subs, None, gain)
    report = SubReport(Arrival(received, "", "", "", "", 1), frame=frame, stars=stars, stack=stack)
    made: Outcome = outcome("drift_limit", report) if outcome is Restarted else outcome(report)
    return decided(number, made, received)


def grown(gain_of: Callable[[int], float], n_subs: int) -> SnrGrowth:
    growth = SnrGrowth()
    for number in range(1, n_subs + 1):
        growth.add(sub(number, gain_of(number), number))
    return growth


def test_the_square_root_law_tells_when() -> None:
    growth = grown(math.sqrt, 16)
    assert growth.told(160.0) == {
        "value": 80.0, "gain": 4.0, "target": 160.0,
        "seconds_to_target": 48 * EVERY_S,  # four times the subs
    }  # fmt: skip
    assert growth.seconds_to(80.0) == 0.0
    assert growth.at(4) == {"snr": 40.0, "snr_gain": 2.0}
    assert growth.at(99) == {"snr": None, "snr_gain": None}


@pytest.mark.parametrize(
    ("gain_of", "n_subs"),
    [
        (math.sqrt, 5),
        (lambda number: 1.0, 30),
        (lambda number: float(number), 30),
        (lambda number: math.sqrt(number) * (1.3 if number % 2 else 1.0), 30),
        (lambda number: math.nan, 30),
    ],
)
def test_what_grows_otherwise_tells_nothing(gain_of: Callable[[int], float], n_subs: int) -> None:
    assert grown(gain_of, n_subs).seconds_to(1000.0) is None


def test_ten_days_are_not_foretold() -> None:
    assert grown(math.sqrt, 16).seconds_to(1e5) is None


def test_a_new_stack_begins_anew_and_refused_subs_say_nothing() -> None:
    growth = grown(math.sqrt, 16)
    growth.add(decided(17, Refused("clouds", SubReport(), ""), BEGIN))
    assert growth.told(None)["gain"] == 4.0
    growth.add(sub(18, 1.0, 1, outcome=Restarted))
    assert growth.told(None) == {"value": 20.0, "gain": 1.0, "target": None, "seconds_to_target": None}


def test_of_several_filters_that_with_the_most_light_is_told_of() -> None:
    growth = SnrGrowth()
    for number, (name, gain) in enumerate([("R", 1.0), ("G", 1.0), ("R", 1.4), ("G", 1.4), ("R", 1.7)], 1):
        growth.add(sub(number, gain, number, name))
    assert growth.told(None)["gain"] == 1.7
