"""BLOBs as memory by a local socket, and whatever else may come there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack.indi.local_server import LocalServer
from indistack.indi.shared_blobs import SharedBlob, SharedBlobs

ONE = '<setBLOBVector device="Cam" name="CCD1"><oneBLOB name="CCD1" {}>{}</oneBLOB></setBLOBVector>\n'
MEMORY = 'size="5" len="5" format=".FITS" attached="true"'


class FarEnd:
    """A server's local socket with one client."""

    def __init__(self, folder: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name := f"\0{folder}/local")
            listening.listen()
            self.blobs = SharedBlobs(LocalServer(os.getpid(), name))
            self.socket = listening.accept()[0]

    def send(self, text: str, *contents: bytes) -> None:
        files = [self._memory(each) for each in contents]
        socket.send_fds(self.socket, [text.encode()], files)
        for fd in files:
            os.close(fd)

    @staticmethod
    def _memory(content: bytes) -> int:
        fd = os.memfd_create("test")
        os.write(fd, content)
        return fd

    def taken(self) -> list[tuple[str, str, str, bytes]]:
        return [(each.device, each.property, each.suffix, self._content(each)) for each in self.blobs.take()]

    @staticmethod
    def _content(blob: SharedBlob) -> bytes:
        try:
            return os.pread(blob.fd, blob.size, 0)
        finally:
            os.close(blob.fd)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarEnd]:
    end = FarEnd(tmp_path)
    with end.blobs, end.socket:
        yield end


def test_a_blob_is_its_memory(far: FarEnd) -> None:
    far.send(ONE.format(MEMORY, ""), b"hello, and padding")
    assert far.taken() == [("Cam", "CCD1", ".fits", b"hello")]
    assert far.taken() == []


def test_blobs_that_come_together_or_in_pieces(far: FarEnd) -> None:
    far.send(ONE.format(MEMORY, "") * 2, b"first", b"other")
    assert [each[3] for each in far.taken()] == [b"first", b"other"]
    text = ONE.format(MEMORY, "")
    far.send(text[:20], b"later")
    assert far.taken() == []
    far.send(text[20:])
    assert [each[3] for each in far.taken()] == [b"later"]


def test_memory_shorter_than_it_is_said_to_be(far: FarEnd) -> None:
    far.send(ONE.format(MEMORY, ""), b"abc")
    assert far.taken()[0][3] == b"abc"


def test_compressed_the_length_counts_that_was_sent(far: FarEnd) -> None:
    far.send(ONE.format('size="900" len="3" format=".fits.fz" attached="true"', ""), b"abcdef")
    assert far.taken() == [("Cam", "CCD1", ".fits.fz", b"abc")]


def test_a_state_without_a_frame(far: FarEnd) -> None:
    far.send(ONE.format('size="0" enclen="0" format=".fits"', ""))
    far.send(ONE.format('size="0" len="0" format=".fits" attached="true"', ""), b"x")
    far.send(ONE.format(MEMORY, ""), b"hello")
    assert [each[3] for _ in range(3) for each in far.taken()] == [b"hello"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (ONE.format(MEMORY, ""), "without its memory"),
        (ONE.format('size="3" format=".fits"', "QUJD"), "as text"),
        (ONE.format('size="many" format=".fits"', "QUJD"), "without a size"),
        ("HTTP/1.0 200\n<>", "not INDI"),
    ],
)
def test_what_cannot_be_taken_ends_it(far: FarEnd, said: str, why: str) -> None:
    far.send(said)
    with pytest.raises(ConnectionError, match=why):
        far.taken()


def test_the_end_of_the_server(far: FarEnd) -> None:
    far.send(ONE.format(MEMORY, ""), b"hello")
    far.socket.close()
    assert [each[3] for each in far.taken()] == [b"hello"]
    with pytest.raises(ConnectionError, match="closed"):
        far.taken()


def test_memory_that_nobody_takes_is_let_go(far: FarEnd) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    far.send("<a>", b"1", b"2")
    assert far.taken() == []
    far.blobs.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_what_is_asked_for(far: FarEnd) -> None:
    far.blobs.subscribe("A & B", "CCD1", on=True)
    asked = far.socket.recv(1000).decode()
    assert '<getProperties version=\'1.7\' device="A &amp; B" name="CCD1"/>' in asked
    assert '<enableBLOB device="A &amp; B" name="CCD1">Also</enableBLOB>' in asked
    far.blobs.subscribe("A & B", "CCD1", on=False)
    assert far.socket.recv(1000).decode() == '<enableBLOB device="A &amp; B" name="CCD1">Never</enableBLOB>\n'


def test_a_ping_is_answered(far: FarEnd) -> None:
    far.send('<pingRequest uid="SetBLOB/3"/>')
    assert far.taken() == []
    assert far.socket.recv(1000) == b'<pingReply uid="SetBLOB/3"/>\n'


def test_the_socket_of_another_process(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name := f"\0{tmp_path}/other")
        listening.listen()
        with pytest.raises(ConnectionError, match=f"belongs to process {os.getpid()}"):
            SharedBlobs(LocalServer(1, name))


def test_a_server_that_reads_nothing_does_not_hold_us(far: FarEnd) -> None:
    def ask_for_ever() -> None:
        with pytest.raises(OSError, match="temporarily unavailable"):
            while True:
                far.blobs.subscribe("Cam", "CCD1", on=True)

    asking = threading.Thread(target=ask_for_ever, daemon=True)
    asking.start()
    asking.join(60)
    assert not asking.is_alive()
