"""Lights and the sentence for people."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from indistack.agent.lights import lights_of, sentence_of
from indistack.sources.indi import IndiStatus
from indistack.store.entries import decided
from indistack.values.outcome import Accepted, Filed, Outcome, Refused, Restarted
from indistack.values.star_list import PhotometricMatch
from indistack.values.sub_parts import SubPlace, UsedMasters
from indistack.values.sub_report import SubReport
from indistack.values.transform import Transform

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UP = [IndiStatus(connected=True, device="Camera")]


def report(outcome: Outcome) -> SubReport:
    return decided(4, outcome, NOW)


def stacked(shift_px: float = 0.0, transparency: float | None = 1.0, *warnings: str) -> SubReport:
    place = SubPlace(Transform(np.eye(3)), (shift_px, 0.0))
    match = PhotometricMatch(1.0, ((0.0,),), transparency)
    return report(Accepted(SubReport(place=place, photometry=match, masters=UsedMasters(("dark",), warnings))))


def test_all_is_well() -> None:
    seen = lights_of("running", UP, "", 0, stacked(), 100.0)
    assert seen == dict.fromkeys(("camera", "calibrated", "aligned", "drift", "clouds", "disk"), "ok")
    assert set(lights_of("stopped", UP, "full", 0, stacked(), 100.0).values()) == {"idle"}


def test_what_is_wrong_is_seen() -> None:
    down = [IndiStatus(connected=False, last_error="refused")]
    seen = lights_of("running", down, "no space", 0, stacked(150.0, 0.5, "too warm"), 100.0)
    assert seen == {"camera": "alert", "calibrated": "alert", "aligned": "ok", "drift": "alert", "clouds": "busy",
                    "disk": "alert"}  # fmt: skip
    assert lights_of("running", UP, "", 2, stacked(80.0), 100.0)["camera"] == "busy"
    assert lights_of("running", UP, "", 0, stacked(80.0), 100.0)["drift"] == "busy"
    assert lights_of("running", UP, "", 0, stacked(800.0), None)["drift"] == "ok"
    assert lights_of("running", UP, "", 0, report(Refused("no_match", SubReport(), "")), 9.0)["aligned"] == "alert"
    assert lights_of("running", UP, "", 0, report(Refused("clouds", SubReport(), "")), 9.0)["clouds"] == "alert"


def test_nothing_is_known_before_a_sub() -> None:
    seen = lights_of("running", [{"waits_for": "files"}], "", 0, None, None)
    assert {name for name, light in seen.items() if light == "idle"} == set(seen) - {"disk"}


def test_what_happened_is_a_sentence() -> None:
    assert sentence_of(None, "", "a camera") == "Waiting for a camera."
    assert sentence_of(stacked(), "", "") == "Sub 4 is in the stack."
    assert sentence_of(report(Refused("no_match", SubReport(), "")), "", "") == "Sub 4 was left out: no match."
    assert sentence_of(report(Restarted("drift_limit", SubReport(), "drift 30 px")), "", "") == (
        "A new stack began with sub 4: drift 30 px."
    )
    assert sentence_of(report(Filed("dark")), "", "") == "Frame 4 went into the calibration library."
    assert sentence_of(stacked(), "no space", "") == "The disk does not take what is written: no space."
