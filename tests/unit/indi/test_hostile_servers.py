"""Whatever a server sends, the agent's end goes on, and says what is wrong."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("PyIndi")

from indistack.indi.client import REMEDY, IndiClient
from indistack.indi.events import CameraChoice, Devices, Event, FrameBlob, ServerState
from indistack.indi.heart import FRAME_LOST
from tests.unit.indi.hostile import Speech, camera, exposed, frame, number, speaking, text, vector

SMALL = "from indistack.indi import heart, worker; heart.MOST_BYTES = heart.LEAST_BYTES = 20_000_000; worker.main()"
"""The INDI process on a machine without much memory."""


def heard(
    speech: Speech, is_enough: Callable[[list[Event]], bool], worker: tuple[str, ...] = (), limit_s: float = 60.0
) -> list[Event]:
    """What the agent learns from a server, until it is enough."""
    events: list[Event] = []
    how = {"worker": worker} if worker else {}
    deadline = time.monotonic() + limit_s
    with speaking(speech) as server, IndiClient("127.0.0.1", server.port, **how) as client:
        while not is_enough(events) and time.monotonic() < deadline:
            if (event := client.get(0.1)) is not None:
                events.append(event)
    assert is_enough(events), events
    return events


def has(*kinds: type[Event]) -> Callable[[list[Event]], bool]:
    return lambda events: {type(event) for event in events} >= set(kinds)


def endless(begin: bytes, more: bytes) -> Iterator[bytes]:
    yield begin
    while True:
        yield more * (1_000_000 // len(more))


MANY = b"".join(vector("Text", f"Device {n}", "INFO", text("A", "b" * 200)) for n in range(1000))

ENDLESS = {
    "element": (camera() + b'<defTextVector device="', b"x"),
    "text": (camera() + b'<defTextVector device="Cam" name="A" state="Ok" perm="rw"><defText name="a">', b"x"),
    "elements": (camera() + b'<defTextVector device="Cam" name="A" state="Ok" perm="rw">', text("a", "b").encode()),
    "blob": (camera() + b'<setBLOBVector device="Cam" name="CCD1"><oneBLOB name="CCD1" size="9" format=".x">', b"AAAA"),
    "depth": (camera(), b"<a>"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_message_without_end_is_given_up_before_it_fills_the_memory(kind: str) -> None:
    def is_given_up(events: list[Event]) -> bool:
        return any(isinstance(event, ServerState) and "has no end" in event.reason for event in events)

    heard(lambda _: endless(*ENDLESS[kind]), is_given_up, (sys.executable, "-P", "-c", SMALL))


def test_after_it_a_server_that_speaks_well_is_listened_to() -> None:
    def speech(number: int) -> Iterator[bytes]:
        return iter([camera(), frame()]) if number else endless(*ENDLESS["element"])

    heard(speech, has(FrameBlob), (sys.executable, "-P", "-c", SMALL))


def test_of_thousands_of_devices_the_first_hundred_are_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    def is_told(events: list[Event]) -> bool:
        return any(isinstance(event, Devices) and len(event.devices) > 50 for event in events)

    events = heard(lambda _: [camera(), MANY, frame()], lambda events: is_told(events) and has(FrameBlob)(events))
    assert max(len(event.devices) for event in events if isinstance(event, Devices)) <= 100
    assert caplog.text.count("more than 100 devices") == 1
    assert not any(isinstance(event, ServerState) and not event.up for event in events)


def test_facts_too_long_to_go_with_a_frame_are_cut_and_the_frame_comes() -> None:
    names = "".join(text(f"FILTER_SLOT_NAME_{n}", "Ha" * 500) for n in range(500))
    wheel = vector("Text", "Wheel", "FILTER_NAME", names)
    events = heard(lambda _: [camera(), wheel, frame()], has(FrameBlob))
    (seen,) = (event for event in events if isinstance(event, FrameBlob))
    assert bytes(seen.data) == bytes(3)
    assert seen.facts["FILTER_NAME"]["FILTER_SLOT_NAME_1"].startswith("HaHa")


@pytest.mark.parametrize(
    "info",
    [
        b"\n",
        vector("Text", "Cam", "DRIVER_INFO", text("DRIVER_NAME", "x")),
        vector("Text", "Cam", "DRIVER_INFO", text("DRIVER_INTERFACE", "two")),
        vector("Text", "Cam", "DRIVER_INFO", text("DRIVER_INTERFACE", "9" * 5000)),
        vector("Number", "Cam", "DRIVER_INFO", number("DRIVER_INTERFACE", 2)),
        vector("Text", "Cam", "CCD_EXPOSURE", text("CCD_EXPOSURE_VALUE", "long")),
        vector("Text", "Cam", "CCD_FILE_PATH", text("FILE_PATH", "/" + "x" * 9000)),
        vector("Number", "Cam", "CCD_FILE_PATH", number("FILE_PATH", 1)),
    ],
    ids=["none", "no interface", "a word", "too long", "a number", "exposure in words", "long path", "path as number"],
)
def test_a_camera_whose_driver_does_not_tell_what_it_is_delivers(info: bytes, caplog: pytest.LogCaptureFixture) -> None:
    events = heard(lambda _: [info, camera(), frame()], has(FrameBlob, CameraChoice))
    assert not any(isinstance(event, ServerState) and not event.up for event in events)
    assert "fault" not in caplog.text


@pytest.mark.slow
def test_frames_that_the_server_drops_are_told_with_what_helps_after_the_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    advised = threading.Event()

    def speech(_number: int) -> Iterator[bytes]:
        yield camera()
        time.sleep(2.5)  # the camera is chosen meanwhile, unless the machine is busy
        yield exposed(2.0)
        yield exposed(0.0)
        time.sleep(0.5)
        yield frame() if advised.is_set() else b""

    def is_enough(events: list[Event]) -> bool:
        if any(isinstance(event, ServerState) and event.advice for event in events):
            advised.set()
        return has(FrameBlob)(events)

    states = [event for event in heard(speech, is_enough) if isinstance(event, ServerState)]
    assert [state.advice for state in states if state.reason == FRAME_LOST][:2] == ["", REMEDY]
    assert caplog.text.count("indiserver -m 1024") == 1


@pytest.mark.slow
def test_a_server_that_ends_between_exposures_needs_no_advice() -> None:
    def speech(_number: int) -> Iterator[bytes]:
        yield camera() + exposed(2.0) + exposed(0.0) + frame() + exposed(0.0, "Ok")
        time.sleep(1.5)
        yield b""

    def is_enough(events: list[Event]) -> bool:
        return sum(isinstance(event, ServerState) and not event.up for event in events) >= 3

    states = [event for event in heard(speech, is_enough) if isinstance(event, ServerState)]
    assert not any(state.advice for state in states)
    assert "it has closed the connection" in [state.reason for state in states]
