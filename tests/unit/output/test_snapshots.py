"""What is told of the pictures of a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.output.snapshots import numbers, snapshot
from indistack.session.session import Session
from indistack.sinks import SINKS
from indistack.sinks.fits import has_maps
from indistack.system.workers import Workers
from tests.unit.session.subs import HEIGHT, WIDTH, add, session_of, sub_of

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


def test_where_subs_were_clipped_goes_into_the_file_and_to_the_picture(tmp_path: Path) -> None:
    with Workers(1) as workers:
        first = sub_of(saturation_adu=100.0)
        session = session_of(workers, first)
        for sub in (first, sub_of(level=90.0, saturation_adu=100.0)):
            add(session, sub)
        shot = snapshot(session)
    SINKS.get("fits")().write(tmp_path / "stack.fits", shot)
    with fits.open(tmp_path / "stack.fits") as units:
        assert [unit.name for unit in units[1:]] == ["COVERAGE", "CLIPPED"]
        assert units["CLIPPED"].shape == (HEIGHT // 4, WIDTH // 4)
        np.testing.assert_array_equal(units["CLIPPED"].data, 0.5)
    assert not has_maps(tmp_path / "stack.fits")


def test_what_one_filter_has_clipped_is_clipped_in_the_colour_picture(session: Session) -> None:
    assert snapshot(session).clipped is None
    session.filter_stacks["G"].branch_set.main.clipped.counts[2, 3] = 1
    clipped = snapshot(session).clipped
    assert clipped is not None
    assert [tuple(place) for place in np.argwhere(clipped)] == [(2, 3)]
