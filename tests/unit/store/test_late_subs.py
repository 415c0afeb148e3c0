"""Subs that the disk does not take."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from indistack.store.entries import decided
from indistack.store.late_subs import LateSub, LateSubs
from indistack.values.blob import Blob, Content
from indistack.values.outcome import Refused
from indistack.values.sub_report import Arrival, SubReport

NOW = datetime(2024, 8, 10, 21, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "said"), [(None, "its raw bytes are lost"), (Path("/in/a.fits"), "it is still in /in/a.fits")]
)
def test_what_is_lost_is_told_and_what_is_not_too(
    caplog: pytest.LogCaptureFixture, path: Path | None, said: str
) -> None:
    blob = Blob(Content(b"raw"), ".fits", "a.fits", "camera", NOW, path=path)
    arrival = Arrival(NOW, "", "a.fits", "camera", ".fits", 3)
    report = decided(4, Refused("torn", SubReport(arrival)), NOW)
    late, nothing = LateSubs(), dict[Any, Any]()
    late.without_line.append(LateSub(report, blob, None, nothing, nothing))  # type: ignore[arg-type]
    late.tell_lost()
    assert caplog.messages == [f"sub 4: the disk has not taken it; {said}"]
