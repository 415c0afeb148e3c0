"""Which subs were disturbed: those of whose exposure some part lies within."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from indistack.values.disturbances import Disturbances, exposed

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def log() -> Disturbances:
    log = Disturbances()
    log.begin("guiding was lost", at(100))
    log.begin("guiding was lost", at(110))  # it is going on
    log.end("guiding was lost", at(120))
    return log


@pytest.mark.parametrize(
    ("begin", "end", "is_hit"), [(0, 99, 0), (0, 101, 1), (110, 115, 1), (119, 200, 1), (121, 200, 0)]
)
def test_a_part_is_enough(log: Disturbances, begin: float, end: float, is_hit: int) -> None:
    assert bool(log.during(at(begin), at(end))) == bool(is_hit)


def test_what_goes_on_counts_from_its_beginning(log: Disturbances) -> None:
    log.begin("Ekos focused", at(300))
    assert log.during(at(200), at(299)) == ""
    assert log.during(at(200), at(1000)) == "Ekos focused"
    assert log.during(at(0), at(1000)) == "guiding was lost, Ekos focused"
    log.end_all(at(400))
    assert log.now() == []
    assert log.during(at(401), at(500)) == ""


def test_what_has_not_begun_does_not_end(log: Disturbances) -> None:
    log.end("Ekos focused", at(500))
    assert "Ekos" not in log.during(at(0), at(1000))


def test_the_header_says_when_a_frame_was_exposed_where_that_can_be() -> None:
    assert exposed(at(0), 60.0, at(70)) == (at(0), at(60))
    assert exposed(at(0), 60.0, at(3600)) == (at(3540), at(3600))  # the camera's clock is an hour slow
    assert exposed(at(50), 60.0, at(70)) == (at(10), at(70))  # and here it is fast
    assert exposed(None, None, at(70)) == (at(70), at(70))
