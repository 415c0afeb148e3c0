"""The wire to indiserver: two file descriptors, every message written whole, open files sent along."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import stat
import threading

READ_BYTES = 65536


class Wire:
    """The two file descriptors; every message is written whole, whichever thread sends it."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.read_fd = read_fd
        self._write_fd = write_fd
        self._lock = threading.Lock()
        self._socket = _unix_socket(write_fd)

    @property
    def passes_files(self) -> bool:
        """Whether open files can be sent along: indiserver gives its drivers a unix socket, a shell gives a pipe."""
        return self._socket is not None

    def close(self) -> None:
        """Give back what the wire itself opened; the two file descriptors stay the caller's."""
        if self._socket is not None:
            self._socket.close()

    def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        try:
            return os.read(self.read_fd, READ_BYTES)
        except ConnectionResetError:  # the server was killed with words of ours unread
            return b""

    def send(self, text: str, file: int | None = None) -> None:
        """Write one whole message, with an open file attached to its first byte if there is one.

        Once the server is gone nothing is written: `receive` tells of the end.
        """
        data = memoryview(text.encode())
        with self._lock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if file is not None and self._socket is not None:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
                data = data[self._socket.sendmsg([data], rights) :]
            while data:
                data = data[os.write(self._write_fd, data) :]


def take_standard_wire() -> Wire:
    """Return the wire on standard input and output; what is printed from here on goes to standard error."""
    write_fd = os.dup(1)
    os.dup2(2, 1)
    return Wire(0, write_fd)


def _unix_socket(fd: int) -> socket.socket | None:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return None
    own = socket.socket(fileno=os.dup(fd))
    if own.family == socket.AF_UNIX:
        return own
    own.close()
    return None
