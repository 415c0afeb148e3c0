"""Frames by the lighter way, held until what was said before them is known, and by TCP when that way ends."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("PyIndi")

from indistack.indi import blob_path
from indistack.indi.blob_path import BlobPath
from indistack.indi.local_server import LocalServer
from indistack.indi.shared_blobs import SharedBlobs

CAMERA = ("Cam", "CCD1")
FRAME = '<setBLOBVector device="Cam" name="{}"><oneBLOB size="3" format="{}" attached="true"/></setBLOBVector>'


class ByTcp:
    """What the path needs of the connection by TCP."""

    def __init__(self) -> None:
        self.signs: list[bool] = []
        self.replies: deque[str] = deque()
        self.lost = False
        self.asked: list[tuple[str, str, bool]] = []
        self.pings: list[str] = []
        self.frames: list[tuple[str, str, str, bytes]] = []

    def subscribe(self, device: str, name: str, on: bool) -> None:
        self.asked.append((device, name, on))

    def ping(self, word: str) -> None:
        self.pings.append(word)

    def send_frame(self, device: str, name: str, suffix: str, frame: int) -> None:
        self.frames.append((device, name, suffix, os.pread(frame, 100, 0)))
        os.close(frame)


class Scene:
    """A path between a connection by TCP and a server's local socket."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = f"\0{folder}/local"
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.name)
        self.listening.listen()
        self.libindi = True
        monkeypatch.setattr(blob_path, "local_server", lambda _peer: LocalServer(os.getpid(), self.name))
        monkeypatch.setattr(blob_path, "runs_libindi", lambda _server, driver: self.libindi and driver == "indi_cam")
        self.tcp = ByTcp()
        self.watched: list[bool] = []
        self.path = BlobPath(self.tcp, self.listening, self.watch)  # type: ignore[arg-type]

    def watch(self, blobs: SharedBlobs, on: bool) -> None:
        assert blobs.fileno() >= 0
        self.watched.append(on)

    def begin(self) -> socket.socket:
        self.path.want({CAMERA: "indi_cam"})
        return self.listening.accept()[0]

    def send(self, far: socket.socket, content: bytes, name: str = "CCD1", suffix: str = ".fits") -> None:
        fd = os.memfd_create("test")
        os.write(fd, content)
        socket.send_fds(far, [FRAME.format(name, suffix).encode()], [fd])
        os.close(fd)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene(tmp_path, monkeypatch)
    with scene.listening:
        yield scene
        scene.path.finish()


def test_a_frame_waits_for_what_was_said_before_it(scene: Scene) -> None:
    with scene.begin() as far:
        scene.send(far, b"one")
        scene.send(far, b"two")
        scene.path.take()
        scene.path.take()
        assert scene.tcp.frames == []
        assert scene.tcp.signs == [False, False]
        scene.tcp.replies += ["1234.5", scene.tcp.pings[0]]
        scene.path.take()
        assert scene.tcp.frames == [("Cam", "CCD1", ".fits", b"one")]
        scene.tcp.replies.append(scene.tcp.pings[1])
        scene.path.take()
        assert [frame[3] for frame in scene.tcp.frames] == [b"one", b"two"]
    assert scene.tcp.asked == []
    assert scene.watched == [True]


def test_a_frame_does_not_wait_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_path, "REPLY_S", -1.0)
    with scene.begin() as far:
        scene.send(far, b"one")
        scene.path.take()
    assert [frame[3] for frame in scene.tcp.frames] == [b"one"]


def test_what_has_come_before_the_end_is_passed_on(scene: Scene) -> None:
    with scene.begin() as far:
        scene.send(far, b"one")
        scene.path.take()
        scene.send(far, b"two")
    scene.path.finish()
    assert [frame[3] for frame in scene.tcp.frames] == [b"one", b"two"]
    assert scene.tcp.asked == []


def test_video_and_other_cameras_are_left(scene: Scene) -> None:
    with scene.begin() as far:
        scene.send(far, b"one", suffix=".stream_jpg")
        scene.send(far, b"two", name="CCD2")
        scene.path.take()
        scene.path.take()
    scene.path.finish()
    assert scene.tcp.frames == []


def test_when_the_local_connection_ends_it_goes_on_by_tcp(scene: Scene) -> None:
    scene.begin().close()
    scene.path.take()
    assert scene.tcp.asked == [(*CAMERA, True)]
    assert scene.watched == [True, False]
    scene.path.want({("Other", "CCD1"): "indi_cam"})
    assert scene.tcp.asked[1:] == [(*CAMERA, False), ("Other", "CCD1", True)]


def test_a_socket_that_nobody_listens_on(scene: Scene) -> None:
    scene.listening.close()
    scene.path.want({CAMERA: "indi_cam"})
    assert scene.tcp.asked == [(*CAMERA, True)]


def test_another_driver_is_listened_to_by_tcp(scene: Scene) -> None:
    scene.path.want({CAMERA: "indi_python_cam"})
    scene.path.want({CAMERA: "indi_python_cam"})
    scene.path.want({})
    assert scene.tcp.asked == [(*CAMERA, True), (*CAMERA, False)]


def test_a_camera_that_is_no_longer_wanted(scene: Scene) -> None:
    with scene.begin() as far:
        scene.path.want({})
        assert b"Never" in far.recv(1000)
        scene.send(far, b"one")
        scene.path.take()
    scene.path.finish()
    assert scene.tcp.frames == []


def test_it_may_be_forbidden(scene: Scene) -> None:
    path = BlobPath(scene.tcp, scene.listening, scene.watch, shared=False)  # type: ignore[arg-type]
    path.want({CAMERA: "indi_cam"})
    assert scene.tcp.asked == [(*CAMERA, True)]
