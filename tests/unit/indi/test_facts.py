"""Which property values go with a frame."""

from __future__ import annotations

import pytest

from indistack.indi.facts import Countdown, FactBook, facts_of

WHEEL = {"FILTER_SLOT": {"FILTER_SLOT_VALUE": 1.0}}
OTHER = {"FILTER_SLOT": {"FILTER_SLOT_VALUE": 5.0}}


class TestFactsOf:
    def test_own_and_those_of_the_only_other(self) -> None:
        known = {"Cam": {"CCD_GAIN": {"GAIN": 1.0}}, "Guide": {"CCD_GAIN": {"GAIN": 9.0}}, "Wheel": WHEEL}
        assert facts_of("Cam", known) == {"CCD_GAIN": {"GAIN": 1.0}} | WHEEL

    def test_of_two_wheels_the_active_one_counts(self) -> None:
        camera = {"ACTIVE_DEVICES": {"ACTIVE_FILTER": "Wheel 2"}}
        assert facts_of("Cam", {"Cam": camera, "Wheel": WHEEL, "Wheel 2": OTHER})["FILTER_SLOT"] == OTHER["FILTER_SLOT"]

    def test_of_two_wheels_none_counts_where_none_is_active(self) -> None:
        assert facts_of("Cam", {"Cam": {}, "Wheel": WHEEL, "Wheel 2": OTHER}) == {}

    def test_the_cameras_own_wheel_comes_first(self) -> None:
        assert facts_of("Cam", {"Cam": WHEEL, "Wheel": OTHER}) == WHEEL

    def test_an_unknown_camera(self) -> None:
        assert facts_of("Cam", {}) == {}


class TestCountdown:
    @pytest.mark.parametrize(
        ("changes", "requested_s"),
        [
            ([(10, True), (9, True), (1, True), (0, False)], 10),
            ([(10, True), (0, False), (5, True), (0, False)], 5),
            ([(5, True), (3, True), (60, True), (59, True)], 60),  # ended by a longer one
            ([(60, True), (40, True), (40, False), (5, True)], 5),  # aborted
            ([(0, False)], None),
        ],
    )
    def test_the_number_that_was_asked_for(self, changes: list[tuple[float, bool]], requested_s: float | None) -> None:
        exposure = Countdown()
        for left_s, busy in changes:
            exposure.note(left_s, busy)
        assert exposure.requested_s == requested_s

    @pytest.mark.parametrize(
        ("changes", "awaited"),
        [
            ([(10, True, False), (9, True, False)], False),
            ([(10, True, False), (1, True, False)], True),
            ([(10, True, False), (0, False, False)], True),
            ([(10, True, False), (0.5, True, False), (0, False, True)], False),  # aborted
            (
                [(10, True, False), (0.5, True, False), None, (0, False, False)],
                False,
            ),  # it came before its end was told
            ([(10, True, False), None, (0, False, False), (5, True, False), (0, False, False)], True),
        ],
    )
    def test_whether_a_frame_should_have_come(
        self, changes: list[tuple[float, bool, bool] | None], awaited: bool
    ) -> None:
        exposure = Countdown()
        for change in changes:
            exposure.note(*change) if change else exposure.took()
        assert exposure.is_awaited == awaited

    def test_an_exposure_that_was_under_way_before_we_came_is_unknown(self) -> None:
        exposure = Countdown()
        exposure.join(7, True)
        exposure.note(6, True)
        assert exposure.requested_s is None
        exposure.note(0, False)
        exposure.note(9, True)
        assert exposure.requested_s == 9


def told(*vectors: dict[str, str]) -> dict[str, str]:
    book = FactBook()
    for vector in vectors:
        book.note("Cam", "FITS_HEADER", vector)
    return book.of("Cam")["FITS_HEADER"]


def keyword(name: str, value: str) -> dict[str, str]:
    return {"KEYWORD_NAME": name, "KEYWORD_VALUE": value, "KEYWORD_COMMENT": ""}


def test_header_keywords_that_are_told_one_by_one_are_all_remembered() -> None:
    assert told(keyword("Object", "M 27"), keyword("OBSERVER", "me")) == {"OBJECT": "M 27", "OBSERVER": "me"}
    assert told(keyword("OBJECT", "M 27"), keyword("OBJECT", "M 31")) == {"OBJECT": "M 31"}
    assert told(keyword("OBJECT", "M 27"), keyword("", "")) == {"OBJECT": "M 27"}
    assert told(keyword("OBJECT", "M 27"), keyword("INDI_CLEAR", "")) == {}


def test_header_keywords_that_are_told_at_once() -> None:
    assert told({"FITS_OBJECT": "M 27", "FITS_OBSERVER": "me"}, {"FITS_OBJECT": "M 31"}) == {"FITS_OBJECT": "M 31"}
