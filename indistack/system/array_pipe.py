"""Messages between the agent and its other processes: one JSON datagram each, pixels or a frame as a memfd beside it.

What was sent outlives the sender: the kernel keeps datagrams and memfds until the other side has taken them.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import socket
from collections.abc import Callable
from itertools import islice
from typing import Any

Message = dict[str, Any]

MAX_MESSAGE_BYTES = 1 << 17
"""Above the list of devices of any observatory, below the kernel's default send buffer (208 KiB)."""

CUTS = (1000, 100, 30, 16)
"""To so many letters and members what is too long is cut, one after the other; the keys of our own are no longer."""

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that keep the boundaries of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(link: socket.socket, message: Message, frame: int | None = None) -> None:
    """Send a message, with the memfd `frame` beside it; of a message that is too long texts and lists are cut.

    Raises
    ------
    OSError
        Nobody is at the other end.
    """
    socket.send_fds(link, [_fitting(message)], [] if frame is None else [frame])


def _fitting(message: Message) -> bytes:
    data = json.dumps(message).encode()
    for most in CUTS:
        if len(data) <= MAX_MESSAGE_BYTES:
            break
        data = json.dumps(_cut(message, most)).encode()
    return data


def _cut(value: Any, most: int) -> Any:
    """Return a value with at most so many letters in each text and members in each list."""
    if isinstance(value, str):
        return value[:most]
    if isinstance(value, list | tuple):
        return [_cut(each, most) for each in value[:most]]
    if isinstance(value, dict):
        return {key[:most]: _cut(each, most) for key, each in islice(value.items(), most)}
    return value


def receive(link: socket.socket) -> tuple[Message, memoryview | None] | None:
    """Return the next message and its frame's bytes; None when the other side has closed.

    Raises
    ------
    TimeoutError
        The socket has a timeout and nothing came.
    """
    received = receive_file(link)
    if received is None:
        return None
    message, fd = received
    return message, None if fd is None else view(fd)


def receive_file(link: socket.socket) -> tuple[Message, int | None] | None:
    """Return the next message and the memfd beside it, which the caller closes; None when the other side has closed.

    Raises
    ------
    TimeoutError
        The socket has a timeout and nothing came.
    """
    data, fds, _, _ = socket.recv_fds(link, MAX_MESSAGE_BYTES, 1)
    return (json.loads(data), fds[0] if fds else None) if data else None


def store(address: int, size: int) -> int:
    """Copy `size` bytes of memory into a new sealed memfd, which the caller closes."""
    rest = memoryview((ctypes.c_char * size).from_address(address)).cast("B")

    def fill(fd: int) -> None:
        nonlocal rest
        while rest:
            rest = rest[os.write(fd, rest) :]

    return _sealed(fill)


def copy(source: int, size: int) -> int:
    """Copy the first `size` bytes of a file, as far as it goes, into a new sealed memfd, which the caller closes.

    The kernel copies: nobody dies of it when another process makes the file shorter meanwhile.
    """

    def fill(fd: int) -> None:
        copied = 0
        while copied < size and (count := os.sendfile(fd, source, copied, size - copied)):
            copied += count

    return _sealed(fill)


def _sealed(fill: Callable[[int], None]) -> int:
    """Return a new memfd that cannot change after `fill`."""
    fd = os.memfd_create("indistack-frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        fill(fd)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except OSError:
        os.close(fd)
        raise
    return fd


def blank(size: int) -> tuple[int, mmap.mmap]:
    """Return a new memfd of `size` bytes, which the caller closes, and a map to fill it by."""
    fd = os.memfd_create("indistack-pixels", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, size)
        return fd, mmap.mmap(fd, size)
    except OSError:
        os.close(fd)
        raise


def view(fd: int) -> memoryview:
    """Map a memfd for reading and close it; the memory lives as long as the view."""
    try:
        size = os.fstat(fd).st_size
        return memoryview(mmap.mmap(fd, size, prot=mmap.PROT_READ) if size else b"")
    finally:
        os.close(fd)
