"""IndiSource with the client faked at the level of events."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from indistack.errors import SettingsError
from indistack.indi.census import CameraChoice
from indistack.indi.device_facts import DeviceFacts
from indistack.indi.events import Devices, Event, FrameBlob, PathSaved, ServerState
from indistack.settings import validate
from indistack.sources import indi as module
from indistack.sources.indi import IndiSettings, IndiSource, IndiStatus
from indistack.values.blob import Blob

NOW = datetime(2024, 5, 6, tzinfo=UTC)
MAIN = CameraChoice("Main", ("Main",))
BOTH = {"UPLOAD_MODE": {"UPLOAD_BOTH": True}}
LOCAL = {"UPLOAD_MODE": {"UPLOAD_LOCAL": True}}


class FakeClient:
    """Gives its events, then sets `stop`; takes those that are left after that."""

    def __init__(self, events: Sequence[Event], stop: threading.Event) -> None:
        self._events = list(events)
        self._stop = stop

    def get(self, timeout_s: float) -> Event | None:
        if self._events:
            return self._events.pop(0)
        self._stop.set()
        return None

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def run(*events: Event) -> tuple[list[Blob], IndiSource]:
    stop = threading.Event()
    blobs: list[Blob] = []
    source = IndiSource(IndiSettings(), lambda host, port, device: FakeClient(events, stop))
    source.run(blobs.append, stop)
    return blobs, source


def frame(data: bytes, device: str = "Main") -> FrameBlob:
    return FrameBlob(device, "CCD1", ".fits", memoryview(data), NOW)


def saved(path: Path, facts: Any = LOCAL, *, defined: bool = False, device: str = "Main") -> PathSaved:
    return PathSaved(device, str(path), defined, NOW, facts)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_PATIENCE_S", 0.1)


@pytest.fixture
def sub(tmp_path: Path) -> Path:
    path = tmp_path / "Sub_1.FITS"
    path.write_bytes(b"from disk")
    return path


def test_blobs_in_order() -> None:
    blobs, source = run(ServerState(True), MAIN, frame(b"1"), frame(b"2"), frame(b"3"))
    assert [bytes(blob.data) for blob in blobs] == [b"1", b"2", b"3"]
    told = (("INSTRUME", "Main", "told by the device"),)
    assert blobs[0] == Blob(blobs[0].content, ".fits", "Main", "Main.CCD1", NOW, cards=told)
    assert source.status().frames == 3


def test_a_frame_that_could_not_be_taken_is_told_of() -> None:
    (blob,), _ = run(MAIN, replace(frame(b""), fault="no memory"))
    assert blob.fault == "no memory"


def test_path_then_blob_in_upload_mode_both(sub: Path) -> None:
    blobs, _ = run(MAIN, saved(sub, BOTH), frame(b"blob"))
    assert [blob.origin for blob in blobs] == [str(sub), "Main.CCD1"]
    assert (blobs[0].suffix, blobs[0].path, blobs[0].device, blobs[0].received) == (".fits", sub, "Main", NOW)
    assert bytes(blobs[0].data) == b"from disk"


def test_the_same_path_written_again_is_another_frame(sub: Path) -> None:
    blobs, _ = run(MAIN, saved(sub), saved(sub))
    assert len(blobs) == 2


def test_a_path_of_another_machine_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = tmp_path / "elsewhere.fits"
    blobs, source = run(MAIN, saved(missing))
    assert [(blob.fault, blob.origin) for blob in blobs] == [("no such file on this machine", str(missing))]
    assert str(missing) in caplog.text
    assert source.status().paths == 1


def test_a_missing_path_is_no_matter_when_its_blob_follows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blobs, _ = run(MAIN, saved(tmp_path / "elsewhere.fits", BOTH), frame(b"blob"))
    assert [blob.origin for blob in blobs] == ["Main.CCD1"]
    assert caplog.text == ""


def test_paths_of_other_cameras_are_not_ours(sub: Path) -> None:
    assert run(MAIN, saved(sub, device="Guide"))[0] == []


def test_a_path_from_before_we_came_counts_only_when_we_were_away(sub: Path, tmp_path: Path) -> None:
    later = tmp_path / "Sub_2.fits"
    later.write_bytes(b"while away")
    assert run(MAIN, saved(sub, defined=True))[0] == []
    away = [saved(sub), ServerState(False, "lost"), ServerState(True), MAIN]
    assert len(run(MAIN, *away, saved(sub, defined=True))[0]) == 1
    assert [blob.path for blob in run(MAIN, *away, saved(later, defined=True))[0]] == [sub, later]


def test_several_cameras_do_not_end_a_run_that_has_frames(caplog: pytest.LogCaptureFixture) -> None:
    trouble = CameraChoice("", ("A", "B"), "several: 'A', 'B'")
    blobs, source = run(MAIN, frame(b"1"), trouble, trouble, MAIN, frame(b"2"))
    assert len(blobs) == 2
    assert caplog.text.count("several") == 1
    assert source.status().last_error == ""


GONE = CameraChoice("", ("Other",), "the camera 'Main' is gone", ("Other",))
OTHER = CameraChoice("Other", ("Other",))


def test_what_comes_before_a_new_camera_is_chosen_is_kept(sub: Path, caplog: pytest.LogCaptureFixture) -> None:
    early = [frame(b"2", "Other"), saved(sub, device="Other"), frame(b"3", "Other")]
    blobs, source = run(MAIN, frame(b"1"), GONE, *early, OTHER, frame(b"4", "Other"))
    assert [bytes(blob.data) for blob in blobs] == [b"1", b"2", b"from disk", b"3", b"4"]
    assert "not be stacked" not in caplog.text
    assert source.status().last_error == ""


def test_what_is_kept_shows_meanwhile(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    statuses: list[IndiStatus] = []
    note = IndiSource._note
    monkeypatch.setattr(IndiSource, "_note", lambda self, **said: (note(self, **said), statuses.append(self.status())))
    run(MAIN, GONE, frame(b"2", "Other"))
    assert "1 frame of 'Other' came before it was clear" in caplog.text  # as the agent ends
    told = [each.last_error for each in statuses]
    assert "the camera 'Main' is gone; kept until it is clear which camera is meant: 1 frame of 'Other'" in told


@pytest.mark.parametrize("after", [(MAIN,), (CameraChoice("", ("A", "Other"), "several"),), ()])
def test_frames_of_a_camera_that_is_not_meant_are_told_of(
    after: tuple[Event, ...], caplog: pytest.LogCaptureFixture
) -> None:
    blobs, _ = run(MAIN, GONE, frame(b"2", "Other"), frame(b"3", "Other"), *after)
    assert blobs == []
    assert caplog.text.count("2 frames of 'Other' came before it was clear which camera is meant") == 1


def test_a_frame_that_was_on_its_way_when_its_camera_went_is_taken() -> None:
    assert len(run(MAIN, GONE, frame(b"1"))[0]) == 1


def test_a_new_camera_s_driver_may_restart_meanwhile() -> None:
    nothing = CameraChoice("", (), "the camera 'Main' is gone")
    assert len(run(MAIN, GONE, frame(b"2", "Other"), nothing, ServerState(False, "lost"), GONE, OTHER)[0]) == 1


def test_what_is_wrong_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    none = CameraChoice(problem="no camera yet")
    run(none, ServerState(False, "mute"), none, ServerState(False, "mute"), none)
    assert caplog.text.count("no camera yet") == 1


def test_cameras_that_are_passed_over_are_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(ServerState(True), CameraChoice("Main", ("Guide", "Main")))
    assert "camera: Main; not 'Guide', which --device chooses" in caplog.text


def test_status(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    events = [ServerState(False, "Connection refused"), ServerState(True), Devices((DeviceFacts("Main"),)), MAIN]
    _, source = run(*events, frame(b"1"))
    status = source.status()
    assert (status.server, status.connected, status.device) == ("127.0.0.1:7624", False, "Main")
    assert status.devices == ("Main",)
    assert caplog.text.count("camera: Main") == 1


def test_an_error_of_the_server_shows_until_it_is_back() -> None:
    _, source = run(ServerState(False, "Connection refused"))
    assert source.status().last_error == "Connection refused"
    _, source = run(ServerState(False, "Connection refused"), ServerState(True), MAIN)
    assert source.status().last_error == ""


@pytest.mark.parametrize("values", [{"port": 0}, {"port": 70000}, {"host": ""}, {"host": "localhost:/tmp/x"}])
def test_settings_are_checked(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        validate(IndiSettings, values)
