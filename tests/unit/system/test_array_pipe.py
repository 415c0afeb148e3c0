"""Messages and frames across a socket pair."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack.system import array_pipe

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def links() -> Iterator[Pair]:
    ours, theirs = array_pipe.pair()
    with ours, theirs:
        yield ours, theirs


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def stored(data: bytes) -> int:
    buffer = ctypes.create_string_buffer(data, len(data))
    return array_pipe.store(ctypes.addressof(buffer), len(data))


@pytest.mark.parametrize("size", [3, 8, 100])
def test_a_copy_of_a_file_is_its_own(size: int) -> None:
    source = os.memfd_create("source")
    os.write(source, b"01234567")
    copy = array_pipe.copy(source, size)
    os.ftruncate(source, 0)
    os.close(source)
    with pytest.raises(PermissionError):
        os.ftruncate(copy, 0)
    assert bytes(array_pipe.view(copy)) == b"01234567"[:size]


def send_frame(link: socket.socket, data: bytes) -> None:
    frame = stored(data)
    array_pipe.send(link, {"size": len(data)}, frame)
    os.close(frame)


def test_messages_keep_their_boundaries(links: Pair) -> None:
    array_pipe.send(links[1], {"a": 1})
    array_pipe.send(links[1], {"b": "µ"})
    assert array_pipe.receive(links[0]) == ({"a": 1}, None)
    assert array_pipe.receive(links[0]) == ({"b": "µ"}, None)


def test_frames_outlive_their_sender(links: Pair) -> None:
    send_frame(links[1], b"first")
    send_frame(links[1], b"second" * 100_000)
    links[1].close()
    first, second = array_pipe.receive(links[0]), array_pipe.receive(links[0])
    assert array_pipe.receive(links[0]) is None
    assert first is not None
    assert second is not None
    assert bytes(first[1] or b"") == b"first"
    assert bytes(second[1] or b"") == b"second" * 100_000


def test_a_frame_is_read_only_and_sealed(links: Pair) -> None:
    frame = stored(b"pixels")
    with pytest.raises(PermissionError):
        os.ftruncate(frame, 1)
    with pytest.raises(PermissionError):
        os.write(frame, b"x")
    assert array_pipe.view(frame).readonly


def test_an_empty_frame_is_empty() -> None:
    assert bytes(array_pipe.view(os.memfd_create("empty"))) == b""


def test_memory_goes_with_the_last_reference(links: Pair) -> None:
    gc.collect()
    before = open_files()
    for _ in range(5):
        send_frame(links[1], b"x" * 1000)
        received = array_pipe.receive(links[0])
    assert received is not None
    del received
    gc.collect()
    assert open_files() == before


def test_nobody_at_the_other_end(links: Pair) -> None:
    links[0].close()
    with pytest.raises(OSError, match="pipe"):
        array_pipe.send(links[1], {})


def test_memory_is_filled_by_one_side_and_read_by_the_other(links: Pair) -> None:
    fd, memory = array_pipe.blank(6)
    memory[:] = b"pixels"
    array_pipe.send(links[1], {}, fd)
    os.close(fd)
    received = array_pipe.receive_file(links[0])
    assert received is not None
    assert received[1] is not None
    assert bytes(array_pipe.view(received[1])) == b"pixels"


def test_a_message_that_is_too_long_arrives_cut() -> None:
    ours, theirs = array_pipe.pair()
    devices = [{"name": f"Device {n}" + "x" * 500, "blobs": ["CCD1"] * 500, "connected": True} for n in range(3000)]
    with ours, theirs:
        array_pipe.send(ours, {"kind": "devices", "devices": devices, "number": 7})
        array_pipe.send(ours, {"kind": "alive"})
        received = array_pipe.receive(theirs)
        assert array_pipe.receive(theirs) == ({"kind": "alive"}, None)
    assert received is not None
    message = received[0]
    assert (message["kind"], message["number"]) == ("devices", 7)
    assert message["devices"][3]["connected"]
    assert message["devices"][3]["name"].startswith("Device 3xxx")


def test_a_message_that_fits_is_sent_as_it_is() -> None:
    ours, theirs = array_pipe.pair()
    message = {"text": "x" * (array_pipe.MAX_MESSAGE_BYTES - 20)}
    with ours, theirs:
        array_pipe.send(ours, message)
        assert array_pipe.receive(theirs) == (message, None)
