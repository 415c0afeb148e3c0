"""What is kept until a camera is chosen, within the memory that there is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indistack.indi.events import FrameBlob
from indistack.sources import kept_frames
from indistack.sources.kept_frames import KeptFrames


def frame(device: str, n_bytes: int) -> FrameBlob:
    return FrameBlob(device, "CCD1", ".fits", memoryview(bytes(n_bytes)), datetime(2024, 5, 6, tzinfo=UTC))


def test_frames_come_in_their_order_and_once() -> None:
    kept, frames = KeptFrames(), [frame("A", 1), frame("B", 2), frame("A", 3)]
    for each in frames:
        kept.add(each)
    assert kept.words() == "2 frames of 'A' and 1 frame of 'B'"
    wanted, told = kept.give("A")
    assert wanted == [frames[0], frames[2]]
    assert told.startswith("1 frame of 'B' came before")
    assert kept.give("A") == ([], "")


def test_those_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_frames, "LEAST_BYTES", 5)
    kept = KeptFrames(lambda: 40)  # a quarter of it: 10
    for n_bytes in (6, 6, 4, 1):
        kept.add(frame("A", n_bytes))
    wanted, told = kept.give("A")
    assert [each.data.nbytes for each in wanted if isinstance(each, FrameBlob)] == [6, 4]
    assert told == "2 frames of 'A' found no room in memory before it was clear which camera is meant: lost"
