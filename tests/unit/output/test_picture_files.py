"""All pictures of a session, in every form that is wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack.output.picture_files import write_pictures
from indistack.session.session import Session
from indistack.system.workers import Workers
from tests.unit.session.subs import add, session_of, sub_of


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as some:
        yield some


def session_with(workers: Workers, *words: str, filters: tuple[str, ...] = ("",)) -> Session:
    subs = [sub_of(filter_name=name, exposure_s=10.0) for name in filters]
    session = session_of(workers, subs[0], *words)
    for sub in subs:
        add(session, sub)
    return session


def test_every_picture_is_written_in_every_form_beside_the_main_one(workers: Workers, tmp_path: Path) -> None:
    session = session_with(workers, "branches.more.operators=[]")
    files = write_pictures(session, session.config, {"stack": [tmp_path / "m.fits", tmp_path / "m.png"]}, [])
    assert {path.name for path in files} == {"m.fits", "m.png", "m-more.fits", "m-more.png"}
    assert all(path.stat().st_size for path in files)


def test_what_was_read_is_not_overwritten_by_a_further_picture(workers: Workers, tmp_path: Path) -> None:
    session = session_with(workers, "branches.more.operators=[]")
    sub = tmp_path / "m-more.fits"
    sub.write_bytes(b"a sub")
    write_pictures(session, session.config, {"stack": [tmp_path / "m.fits"]}, [sub])
    assert sub.read_bytes() == b"a sub"


def test_a_grey_picture_of_several_filters_says_why(
    workers: Workers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for palette, warns in (("auto", True), ("none", False)):
        caplog.clear()
        words = "drift.on_filter=split", f"stack.palette={palette}"
        session = session_with(workers, *words, filters=("R", "Ha"))
        with caplog.at_level(logging.WARNING):
            write_pictures(session, session.config, {"stack": [tmp_path / "m.fits"]}, [])
        assert ("alone" in caplog.text) == warns
