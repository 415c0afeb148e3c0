"""An exposure of the stack, second by second."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indistack.commands import State, read_state
from indistack.faces.indi_device.camera_vectors import CameraVectors
from indistack.faces.indi_device.exposure import BLOB_PATIENCE_S, Exposure
from indistack.faces.indi_device.kernel.properties import Vector
from indistack.faces.indi_device.picture_file import JPEG
from indistack.store.wanted import DEVICE_PICTURE, is_wanted
from tests.unit.faces.indi_device.folder import fits, publish, tell_status


@dataclass
class Recorder:
    """Stands for the device: keeps what clients would be told."""

    told: list[tuple[str, str, object]] = field(default_factory=list)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    taken: bool = True

    def set(self, vector: Vector, state: str | None = None, message: str = "") -> None:
        self.told.append((vector.name, state or vector.state, next(iter(vector.written().values()))))
        self.messages += [message] if message else []

    def send_blob(self, vector: Vector, file: int, suffix: str, size: int) -> None:
        self.blobs.append((suffix, os.pread(file, size, 0)))

    def is_blob_taken(self) -> bool:
        return self.taken

    def exposure(self) -> list[tuple[str, object]]:
        return [(state, value) for name, state, value in self.told if name == "CCD_EXPOSURE"]


@dataclass
class Camera:
    """An exposure with a clock of ours."""

    output: Path
    now_s: float = 100.0
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.device, self.vectors = Recorder(), CameraVectors()
        self.exposure = Exposure(self.device, self.vectors, lambda: self.now_s)  # type: ignore[arg-type]

    def begin(self, seconds: float) -> None:
        self.exposure.begin(seconds, self.output, self.state)

    def after(self, seconds: float) -> None:
        self.now_s += seconds
        self.exposure.tick(self.output, self.state)


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path)


def test_it_counts_down_and_answers_with_the_next_new_stack(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(10)
    camera.after(1)
    camera.after(1)
    assert camera.device.exposure() == [("Busy", "10"), ("Busy", "9"), ("Busy", "8")]
    assert not camera.device.blobs
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 2), 2)
    camera.after(0.1)
    assert camera.device.blobs == [(".fits", fits(4, 3, 2))]
    assert camera.device.exposure()[-1] == ("Ok", "0")
    assert not camera.exposure.is_under_way


def test_when_the_time_is_over_the_newest_comes(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(2)
    camera.after(1.9)
    assert not camera.device.blobs
    camera.after(0.1)
    assert len(camera.device.blobs) == 1


def test_a_stack_that_came_between_two_exposures_is_new(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(1)
    camera.after(1)
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 2), 2)
    camera.begin(60)
    camera.after(0.1)
    assert [data for _, data in camera.device.blobs] == [fits(4, 3, 1), fits(4, 3, 2)]


def test_what_was_sent_is_not_new(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(1)
    camera.after(1)
    camera.begin(60)
    camera.after(59)
    assert len(camera.device.blobs) == 1
    camera.after(1)
    assert len(camera.device.blobs) == 2


def test_without_a_stack_it_waits_for_the_first(camera: Camera) -> None:
    camera.begin(1)
    for _ in range(50):
        camera.after(1)
    assert camera.device.exposure()[-1] == ("Busy", "0")
    assert camera.device.messages == ["There is no stack yet: waiting for its first sub"]
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.after(0.1)
    assert len(camera.device.blobs) == 1


def test_an_exposure_that_was_aborted_brings_nothing(camera: Camera) -> None:
    camera.begin(5)
    camera.exposure.end()
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.after(10)
    assert camera.device.exposure()[-1] == ("Idle", "0")
    assert not camera.device.blobs


def test_one_picture_is_under_way_at_a_time(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(1)
    camera.after(1)
    camera.device.taken = False
    camera.begin(1)
    camera.after(BLOB_PATIENCE_S / 2)
    assert len(camera.device.blobs) == 1
    camera.device.taken = True
    camera.after(0.1)
    assert len(camera.device.blobs) == 2


def test_a_server_that_never_answers_gets_the_next_one_in_the_end(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(1)
    camera.after(1)
    camera.device.taken = False
    camera.begin(1)
    camera.after(BLOB_PATIENCE_S + 1)
    assert len(camera.device.blobs) == 2


def test_clients_know_size_and_subs_before_the_picture_comes(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(40, 30, 7), 1)
    camera.begin(0.1)
    camera.after(1)
    assert camera.vectors.info.number("CCD_MAX_X") == 40
    assert camera.vectors.frame.number("HEIGHT") == 30
    assert camera.vectors.info.number("CCD_PIXEL_SIZE") == 7.5
    assert camera.vectors.shown.written() == {"SUBS": "7", "EXPOSURE": "30"}
    names = [name for name, _, _ in camera.device.told]
    assert names.index("STACK_SHOWN") < len(names) - 1 == len(names) - 1 - names[::-1].index("CCD_EXPOSURE")


def test_the_agent_knows_that_the_picture_is_wanted_as_long_as_somebody_waits(camera: Camera) -> None:
    assert not is_wanted(camera.output, DEVICE_PICTURE)
    camera.begin(600)
    wish = camera.output / "wanted" / DEVICE_PICTURE
    os.utime(wish, (1, 1))
    assert not is_wanted(camera.output, DEVICE_PICTURE)
    camera.after(11)
    assert is_wanted(camera.output, DEVICE_PICTURE)


def test_a_jpeg_is_the_published_one(camera: Camera) -> None:
    shown = {"number": 4, "files": {".jpg": "stack.jpg"}, "numbers": {".jpg": 4}, "view": None}
    tell_status(camera.output, shown={"stack": shown})
    publish(camera.output, "stack.jpg", b"\xff\xd8 a picture", 1)
    camera.state = read_state(camera.output)
    camera.vectors.form.choose(JPEG)
    camera.begin(0.1)
    camera.after(1)
    assert camera.device.blobs == [(".jpg", b"\xff\xd8 a picture")]
    assert not is_wanted(camera.output, DEVICE_PICTURE)


@pytest.mark.parametrize(("mode", "blobs", "paths"), [("LOCAL", 0, 1), ("BOTH", 1, 1), ("CLIENT", 1, 0)])
def test_upload_modes(camera: Camera, mode: str, blobs: int, paths: int) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.vectors.upload.choose(f"UPLOAD_{mode}")
    camera.begin(0.1)
    camera.after(1)
    assert len(camera.device.blobs) == blobs
    assert [name for name, _, _ in camera.device.told].count("CCD_FILE_PATH") == paths
    assert camera.device.exposure()[-1] == ("Ok", "0")


def test_a_picture_that_vanishes_is_waited_for(camera: Camera) -> None:
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 1), 1)
    camera.begin(0.1)
    (camera.output / DEVICE_PICTURE).unlink()
    camera.after(1)
    assert camera.exposure.is_under_way
    publish(camera.output, DEVICE_PICTURE, fits(4, 3, 2), 2)
    camera.after(1)
    assert len(camera.device.blobs) == 1
