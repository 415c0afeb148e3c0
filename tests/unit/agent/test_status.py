"""The file that tells what the agent is doing."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indistack.agent import status as status_module
from indistack.agent.status import StatusFile, waits_for
from indistack.errors import SinkError
from indistack.sources.indi import IndiStatus
from indistack.store.entries import decided
from indistack.values.outcome import Accepted, Filed, Refused
from indistack.values.sub_parts import Arrival, FrameFacts, UsedMasters
from indistack.values.sub_report import SubReport

START = datetime(2024, 8, 10, 21, tzinfo=UTC)


class Clock:
    """Goes on by a second with every look."""

    def __init__(self) -> None:
        self.n_looks = 0

    def __call__(self) -> datetime:
        self.n_looks += 1
        return START + timedelta(seconds=self.n_looks)


def told(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def test_it_counts_and_keeps_the_last_warnings(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    status = StatusFile(path, Clock())
    doubted = SubReport(masters=UsedMasters(warnings=("dark",)))
    status.count(decided(1, Refused("no_stars", doubted, "none"), START))
    status.count(decided(2, Filed("dark"), START))
    status.write("running", None, {"waiting": 3})
    seen = told(path)
    assert seen["outcomes"] == {"refused": 1, "filed": 1}
    assert seen["refusals"] == {"no_stars": 1}
    assert (seen["warnings"], seen["last"]["number"], seen["waiting"]) == (["dark"], 2, 3)
    assert (seen["state"], seen["n_subs"], seen["exposure_s"]) == ("running", 0, 0.0)


def frame_with(fingerprint: str) -> FrameFacts:
    return FrameFacts(fingerprint, 8, 6, "", None, None, None, None, "", "", None, None, None)


def came(path: str, fingerprint: str = "") -> SubReport:
    """Return what is known of a sub from a file, whose pixels could be read or not."""
    arrival = Arrival(START, path, path, "folder", ".fits", 100)
    return SubReport(arrival=arrival, frame=frame_with(fingerprint) if fingerprint else None)


def test_a_sub_that_is_taken_in_the_end_is_not_left_out(tmp_path: Path) -> None:
    status = StatusFile(tmp_path / "status.json", Clock())
    taken = [
        Refused("truncated", came("a.fits"), ""),
        Refused("truncated", came("a.fits"), ""),  # and is still being written
        Accepted(came("a.fits", "1")),
        Refused("size_changed", came("", "2"), ""),
        Refused("clouds", came("live.fits", "3"), ""),
        Accepted(came("", "2")),
        Accepted(came("live.fits", "4")),  # the next frame in the same file
        Refused("truncated", came("b.fits"), ""),
    ]
    for number, outcome in enumerate(taken, 1):
        status.count(decided(number, outcome, START))
    status.write("running", None, {})
    seen = told(tmp_path / "status.json")
    assert seen["outcomes"] == {"accepted": 3, "refused": 2}
    assert seen["refusals"] == {"clouds": 1, "truncated": 1}


def test_nothing_that_a_header_or_device_says_acts_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    heard: list[Any] = []
    status = StatusFile(path, Clock(), heard.append)
    status.count(decided(1, Refused("damaged", SubReport(), "header\x1b[31m\u202e"), START))
    status.write("running", None, {"sources": [IndiStatus(device="a\nb", cameras=("c\x07",))]})
    assert told(path)["last"]["detail"] == heard[0]["last"]["detail"] == "header?[31m?"
    assert (told(path)["sources"][0]["device"], told(path)["sources"][0]["cameras"]) == ("a b", ["c?"])


def test_it_is_written_when_something_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    status = StatusFile(path, Clock())
    times = []
    for state in ("running", "running", "paused"):
        status.write(state, None, {})
        times.append(told(path)["time"])
    assert times == [times[0], times[0], "2024-08-10T21:00:02.000+00:00"]


def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        status = StatusFile(tmp_path / "none" / "status.json", Clock())
        status.write("running", None, {})
        status.write("running", None, {})
    (line,) = caplog.messages
    assert "cannot publish" in line


def test_it_is_written_again_where_somebody_has_removed_it(tmp_path: Path) -> None:
    states: list[str] = []
    status = StatusFile(path := tmp_path / "status.json", Clock(), lambda told: states.append(told["state"]))
    for _ in range(2):
        status.write("running", None, {})
        path.unlink()
    status.write("running", None, {})
    assert told(path)["state"] == "running"
    assert states == ["running"]


def test_a_full_disk_is_told_in_it_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, durable: bool = True) -> None:
        raise SinkError(f"{path}: No space left on device")

    status = StatusFile(path := tmp_path / "status.json", Clock())
    status.write("running", None, {})
    monkeypatch.setattr(status_module, "atomic_file", full)
    for fault in ("full", "still full"):
        status.write("running", None, {"disk": fault})
        assert told(path)["disk"] == fault
    assert caplog.text == ""
    monkeypatch.undo()
    status.write("stopped", None, {"disk": ""})
    assert told(path)["disk"] == ""
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]


def test_who_listens_is_told_of_changes_only(tmp_path: Path) -> None:
    states: list[str] = []
    status = StatusFile(tmp_path / "status.json", Clock(), lambda told: states.append(told["state"]))
    for state in ("running", "running", "paused"):
        status.write(state, None, {})
    assert states == ["running", "paused"]


def test_what_is_waited_for() -> None:
    sources = [{"waits_for": "files in night"}, IndiStatus(connected=True, device="Camera"), {"hook": ""}]
    assert waits_for(True, 3, sources) == "paused, until it is told to resume"
    assert waits_for(False, 1, sources) == "1 frame to be worked on"
    assert waits_for(False, 0, sources) == "files in night, or a frame from Camera"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (IndiStatus(server="a:1", last_error="refused"), "an INDI server at a:1 (refused)"),
        (IndiStatus(connected=True), "a camera"),
        (IndiStatus(connected=True, last_error="no camera yet"), "no camera yet"),
    ],
)
def test_what_a_camera_s_source_waits_for(status: IndiStatus, words: str) -> None:
    assert status.waits_for == words
