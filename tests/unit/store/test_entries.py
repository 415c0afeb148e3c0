"""What a line of the ledger says, and what is read of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from indistack.errors import FrameError
from indistack.store.entries import Damaged, Event, Written, decided, describe
from indistack.store.ledger import dump
from indistack.store.line_reader import read_line
from indistack.store.line_writer import as_line
from indistack.values.blob import Blob, Content, Spooled
from indistack.values.outcome import Accepted, Filed, Outcome, Refused
from indistack.values.star_list import Measures, PhotometricMatch
from indistack.values.sub_parts import (
    Arrival,
    Centring,
    FiledFrame,
    FrameFacts,
    StackShare,
    SubPlace,
    UsedAligner,
    UsedMasters,
)
from indistack.values.sub_report import SubReport
from indistack.values.transform import Bend, Transform

NOW = datetime(2024, 1, 6, 21, 30, 5, 123000, tzinfo=UTC)
BLOB = Blob(Content(b"1234"), ".fits", "camera", "camera.CCD1", NOW, spooled=Spooled("000007", 2.5, 99))
TILTED = np.array([[0.8, -0.6, 900.0], [0.6, 0.8, -500.0], [2e-6, -1e-6, 1.0]])
BEND = Bend((1000.0, 800.0), 1000.0, np.array([[4.0, -3.0, 2.0], [1.0, 6.0, -5.0]]))
ALL = SubReport(
    arrival=Arrival.of(BLOB),
    frame=FrameFacts("ab12", 2000, 1600, "RGGB", NOW, 30.0, 100.0, -10.0, "M 31", "L", 10.5, 41.25, 2.0),
    masters=UsedMasters(("dark 5",), ("warm",), ("flat: old",)),
    stars=Measures(120, 3.21, 1.75, 0.3, 0.1, 45.0, 0.05, 500.0, 10.0, 0.01, 33.0, 0.1, 9.5),
    faint_subs=5,
    aligner=UsedAligner("asterism", "chosen in the settings"),
    place=SubPlace(Transform(TILTED, 40, 0.2, BEND, 0.01, 0.05, 0.9), (1.5, -2.0), 2.0, {"program": "astap"}),
    photometry=PhotometricMatch(1.5, ((1.0, 0.5), (2.0, 9.0)), 0.6, 0.9, 40, 7.0),
    stack=StackShare(0.5, {"stack": 0.5, "trails": 1.0}, 3, 4.0, 1.5, 1.75, 0.02, {"stack": 9.0}, "full", 2),
    times={"decode": 10.0, "stack": 90.0},
    stranger=True,
    drift={"limit_px": 100.0},
    centring=Centring({"east_arcsec": 3.0}),
    mended=2,
)


def reread(report: SubReport) -> SubReport:
    again = read_line(json.loads(dump(as_line(report))))
    assert isinstance(again, SubReport), again
    return again


def plain(value: Any) -> Any:
    """What two values that mean the same have in common; arrays cannot be compared as they are."""
    return json.loads(dump({"it": value}))


@pytest.mark.parametrize(
    "outcome",
    [
        Accepted(ALL),
        Refused("clouds", replace(ALL, stack=None, figures={"limit": 0.4}), "too thick"),
        Refused("no_match", replace(ALL, stack=None, place=None, photometry=None, centring=Centring(None))),
        Refused("truncated", SubReport(Arrival.of(BLOB), figures={"bytes_missing": 3}), "3 bytes are missing"),
        Filed("dark", SubReport(Arrival.of(BLOB), filed=FiledFrame("60 s", 4)), "frame 4"),
    ],
)  # fmt: skip
def test_what_is_written_is_read_again(outcome: Outcome) -> None:
    report = decided(7, outcome, NOW)
    assert plain(reread(report)) == plain(report)
    assert as_line(reread(report)).keys() == as_line(report).keys()


def test_a_line_of_before_stars_seen_twice_were_counted_is_read() -> None:
    line = json.loads(dump(as_line(decided(7, Accepted(ALL), NOW))))
    again = read_line({name: value for name, value in line.items() if name not in ("doubled", "apart_px")})
    assert isinstance(again, SubReport)
    assert again.stars is not None
    assert (again.stars.snr, str(again.stars.doubled)) == (33.0, "nan")


def test_a_refused_blob_says_why() -> None:
    report = SubReport(Arrival.of(BLOB), figures={"bytes_missing": 3})
    line = as_line(decided(7, Refused("truncated", report, "3 bytes are missing"), NOW))
    assert (line["number"], line["outcome"], line["reason"]) == (7, "refused", "truncated")
    assert (line["ledger_format"], line["format"], line["stage_ms"]) == (1, ".fits", {"spool": 2.5})
    assert line["transform"] is None
    assert (line["detail"], line["bytes_missing"], line["bytes"]) == ("3 bytes are missing", 3, 4)


def test_the_numbers_behind_a_reason_come_before_those_of_the_parts() -> None:
    figures = FrameError("no_match", "", {"stars": 7, "reference_stars": 90}).numbers
    line = as_line(decided(7, Refused("no_match", replace(ALL, figures=figures)), NOW))
    assert (line["stars"], line["reference_stars"]) == (7, 90)


def test_a_line_for_people_names_what_matters() -> None:
    clear = replace(ALL, photometry=replace(ALL.photometry, transparency=None))
    text = describe(decided(3, Accepted(clear), NOW))
    for word in ("camera.CCD1", "120 stars", "FWHM 3.21 px", "+1.5 -2.0 px", "weight 0.50", "102 ms"):
        assert word in text
    assert "transparency" not in text
    assert "transparency 0.60" in describe(decided(4, Refused("clouds", replace(ALL, stack=None), "too thick"), NOW))


def test_a_line_tells_what_follows_from_the_place_and_the_match() -> None:
    line = as_line(decided(3, Accepted(ALL), NOW))
    assert (line["drift_px"], line["shift_arcsec"]) == (2.5, [3.0, -4.0])
    assert (line["background_match"], line["rotation_deg"]) == ([1.0, 2.0], pytest.approx(36.8699))


def test_what_is_not_known_stays_so() -> None:
    few = replace(ALL.stars, fwhm_px=math.nan)
    line = json.loads(dump(as_line(decided(3, Accepted(replace(ALL, stars=few)), NOW))))
    assert line["fwhm_px"] is None
    again = read_line(line)
    assert isinstance(again, SubReport)
    assert again.stars is not None
    assert math.isnan(again.stars.fwhm_px)


def test_a_line_holds_all_that_is_needed_to_put_the_sub_back_where_it_was() -> None:
    written = Written.of(reread(decided(3, Accepted(ALL), NOW)))
    assert (written.number, written.match, written.masters, written.mended) == (3, ALL.photometry, ("dark 5",), 2)
    assert written.without({"trails"}).weights == {"stack": 0.5}
    corner = np.array([[1999.0, 1599.0]])
    np.testing.assert_allclose(written.transform.apply(corner), ALL.place.transform.apply(corner), atol=1e-5)


@pytest.mark.parametrize("part", ["place", "photometry", "stack", "masters", "mended"])
def test_a_sub_of_which_something_is_missing_cannot_be_put_back(part: str) -> None:
    with pytest.raises(ValueError, match="does not say"):
        Written.of(decided(3, Accepted(replace(ALL, **{part: None})), NOW))


@pytest.mark.parametrize(
    "event",
    [
        Event("removed", NOW, 3),
        Event("lost", NOW, 3, detail="gone"),
        Event("branch", NOW, name="trails", settings={"method": "maximum"}),
        Event("dropped", NOW, name="trails"),
    ],
)
def test_what_befell_the_stack_is_read_again(event: Event) -> None:
    line = as_line(event)
    assert (line["outcome"], line["ledger_format"]) == (event.word, 1)
    assert read_line(json.loads(dump(line))) == event


@pytest.mark.parametrize(
    "change",
    [
        {"transform": [[1, 0], [0, 1]]},
        {"received": "yesterday"},
        {"background": 5},
        {"ledger_format": 2},
        {"masters": 7},
    ],
)
def test_a_damaged_line_says_whose_it_is(change: dict[str, Any]) -> None:
    line = json.loads(dump(as_line(decided(3, Accepted(ALL), NOW)))) | change
    entry = read_line(line)
    assert isinstance(entry, Damaged)
    assert (entry.number, entry.word) == (3, "accepted")
    assert read_line({}) == Damaged(0, "", "a damaged line: KeyError: 'outcome'")


WRONG: list[tuple[str, Any]] = [
    ("number", "5"), ("number", 5.5), ("number", True), ("path", ["a"]), ("spooled", {}), ("modified_ns", "now"),
    ("received", "2024-01-06T21:30:05"), ("time", 3), ("outcome", ["accepted"]), ("weights", {"stack": "much"}),
    ("masters", "dark"), ("shift_px", ["left", 0]), ("drift", 3), ("reason", 1), ("mended", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_line_of_wrong_kinds_is_damaged(field: str, value: Any) -> None:
    line = json.loads(dump(as_line(decided(1, Accepted(ALL), NOW))))
    assert isinstance(read_line(line), SubReport)
    assert isinstance(read_line({**line, field: value}), Damaged)


@pytest.mark.parametrize(("field", "value"), [("number", "2"), ("name", []), ("settings", 3), ("detail", {})])
def test_an_event_of_wrong_kinds_is_damaged(field: str, value: Any) -> None:
    line = json.loads(dump(as_line(Event("branch", NOW, 2, "trails", {}))))
    assert isinstance(read_line(line), Event)
    assert isinstance(read_line({**line, field: value}), Damaged)
