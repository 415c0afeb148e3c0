"""What is told of the pictures of a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from indistack.output.snapshots import numbers, snapshot
from indistack.session.session import Session
from indistack.system.workers import Workers
from tests.unit.session.subs import add, session_of, sub_of

TEN = datetime(2024, 8, 10, 22, tzinfo=UTC)


@pytest.fixture
def session() -> Iterator[Session]:
    """Red, green and blue; green came first, and blue ended last."""
    times = {"R": (60, 30.0), "G": (0, 20.0), "B": (100, 50.0)}
    subs = [
        sub_of(filter_name=name, date_obs=TEN + timedelta(seconds=start_s), exposure_s=exposure_s)
        for name, (start_s, exposure_s) in times.items()
    ]
    with Workers(1) as workers:
        session = session_of(workers, subs[0], "drift.on_filter=split", "branches.more.operators=[]")
        for sub in subs:
            add(session, sub)
        yield session


def test_a_colour_picture_lasts_from_the_first_sub_of_all_filters_to_the_end_of_the_last(session: Session) -> None:
    cards = {keyword: value for keyword, value, _ in snapshot(session).cards}
    assert str(cards["DATE-OBS"]).startswith("2024-08-10T22:00:00")
    assert str(cards["DATE-END"]).startswith("2024-08-10T22:02:30")
    assert (cards["NCOMBINE"], cards["EXPTIME"]) == (3, 100)


def test_noise_is_told_of_main_stacks_only(session: Session) -> None:
    told = numbers(session)
    assert {name for name, one in told.items() if "snr_gain" in one} == {"stack-R", "stack-G", "stack-B"}
    assert {told[name]["n_subs"] for name in ("stack-R", "more-R")} == {1}


def test_a_stack_brings_its_own_operators(session: Session) -> None:
    assert snapshot(session, "more-R").operators == []
    assert snapshot(session, "stack-R").operators is None
