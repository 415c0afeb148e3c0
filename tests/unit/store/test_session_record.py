"""What a session's record keeps: bad pixels, and raw subs as the settings say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from indistack.store.checkpoint import CheckpointSettings, State
from indistack.store.session_reader import PastSession
from indistack.store.session_record import RecordSettings, SessionRecord
from indistack.store.spool import Spool, SpoolSettings
from indistack.values.blob import Blob, Content
from indistack.values.star_list import PhotometricMatch
from indistack.values.sub_parts import Arrival, Decision, StackShare, SubPlace, UsedMasters
from indistack.values.sub_report import SubReport
from indistack.values.transform import Transform

NOW = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)
LISTS = ([], [3, 5], [3, 5], [3, 6], [], [3, 5])
"""Bad pixels of one sub after the other."""


def report(number: int, word: str = "accepted") -> SubReport:
    return SubReport(
        Arrival(NOW, "", "camera.CCD1", "camera", ".fits", 10),
        Decision(number, NOW, word),
        masters=UsedMasters(),
        place=SubPlace(Transform.identity(), (0.0, 0.0)),
        photometry=PhotometricMatch(),
        stack=StackShare(1.0, {"stack": 1.0}, number),
    )


def test_every_sub_finds_its_bad_pixels_and_none_is_written_twice_in_a_row(tmp_path: Path) -> None:
    session = tmp_path / "session"
    session.mkdir()
    settings = RecordSettings(SpoolSettings(min_free_gb=0), CheckpointSettings(), "")
    record = SessionRecord.begin(session, settings, Spool(tmp_path / "spool", settings.spool), State(0))
    for number, bad in enumerate(LISTS, 1):
        record.add(report(number), np.array(bad, np.intp))
    record.ledger.close()
    past = PastSession(session)
    found = [past.mended(past.written(number)).tolist() for number in range(1, len(LISTS) + 1)]
    assert found == list(LISTS)
    files = sorted(path.name for path in (session / "subs").iterdir())
    assert files == ["mended-000002.npy", "mended-000004.npy", "mended-000005.npy", "mended-000006.npy"]


@pytest.mark.parametrize(("keep", "kept"), [("all", [1, 2, 3]), ("stacked", [1, 3]), ("none", [])])
def test_when_it_ends_the_settings_say_which_raw_subs_stay(
    tmp_path: Path, keep: Literal["all", "stacked", "none"], kept: list[int]
) -> None:
    session = tmp_path / "session"
    session.mkdir()
    settings = RecordSettings(SpoolSettings(min_free_gb=0, keep=keep), CheckpointSettings(), "")
    spool = Spool(tmp_path / "spool", settings.spool)
    record = SessionRecord.begin(session, settings, spool, State(0))
    for number, word in enumerate(("accepted", "refused", "restarted"), 1):
        taken = spool.take(Blob(Content(b"0123456789"), ".fits", "camera", "camera.CCD1", NOW))
        assert taken.spooled is not None
        record.add(report(number, word), np.empty(0, np.intp))
        record.take_over(taken.spooled.name, number)
    record.close(State(3))
    assert sorted(int(path.stem) for path in (session / "subs").glob("*.fits")) == kept
