"""The local socket of the very INDI server that a TCP connection leads to, from what the kernel tells in /proc.

Several servers may run on one machine, and only one of them can have the usual name: a socket is taken only where
the process at the other end of the connection listens on it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

LISTENING = 0x10000
"""Flag of a socket in /proc/net/unix that waits for connections (linux/net.h, __SO_ACCEPTCON)."""

DRIVER_LIBRARY = "libindidriver"


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this machine.

    Attributes
    ----------
    pid : int
        Its process.
    name : str
        Of its local socket; a leading NUL stands for the kernel's own name space.
    """

    pid: int
    name: str


def local_server(connection: socket.socket, proc: Path = PROC) -> LocalServer | None:
    """Return the server at the other end of a TCP connection, if it is on this machine and has a local socket.

    None, too, where its process may not be looked into, as another user's.
    """
    near, far = connection.getsockname(), connection.getpeername()
    if near[0] != far[0]:
        return None
    pid = _owner(_accepted_end(near[1], far[1], proc), proc)
    name = _local_socket(pid, proc) if pid else ""
    return LocalServer(pid, name) if name else None


def runs_libindi(server: LocalServer, driver: str, proc: Path = PROC) -> bool:
    """Tell whether a driver is a child of the server and speaks by libindi, which hands BLOBs over as memory.

    What another driver sends as text, or a remote server's, indiserver turns into memory for local clients; up to 2.2
    it trusts the size that the text is said to have, and may crash (read in its source).

    Parameters
    ----------
    driver : str
        Name of its executable, as in DRIVER_INFO.
    """
    return any(
        driver and _executable(pid, proc) == driver and DRIVER_LIBRARY in _text(proc / pid / "maps")
        for pid in _children(server.pid, proc)
    )


def _accepted_end(near_port: int, far_port: int, proc: Path) -> str:
    """Return the inode of the other end's socket."""
    for table in ("tcp", "tcp6"):
        for line in _text(proc / "net" / table).splitlines()[1:]:
            words = line.split()
            ports = tuple(int(words[column].rpartition(":")[2], 16) for column in (1, 2))
            if ports == (far_port, near_port):
                return words[9]
    return ""


def _owner(inode: str, proc: Path) -> int:
    """Return the process that has a socket, 0 where none is seen."""
    if inode not in ("", "0"):
        for path in proc.glob("[0-9]*"):
            if inode in _sockets(path):
                return int(path.name)
    return 0


def _sockets(process: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        for fd in (process / "fd").iterdir():
            target = str(fd.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]


def _local_socket(pid: int, proc: Path) -> str:
    """Return the name of the first local socket on which a process listens."""
    own = set(_sockets(proc / str(pid)))
    for line in _text(proc / "net/unix").splitlines()[1:]:
        words = line.split(maxsplit=7)
        if len(words) == 8 and int(words[3], 16) & LISTENING and words[6] in own:
            return "\0" + words[7][1:] if words[7].startswith("@") else words[7]
    return ""


def _children(pid: int, proc: Path) -> Iterator[str]:
    for path in proc.glob("[0-9]*/stat"):
        parent = _text(path).rpartition(")")[2].split()[1:2]  # the name in parentheses may hold anything
        if parent == [str(pid)]:
            yield path.parent.name


def _executable(pid: str, proc: Path) -> str:
    return Path(_text(proc / pid / "cmdline").split("\0")[0]).name


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def peer_pid(connection: socket.socket) -> int:
    """Return the process at the other end of a local connection, as the kernel noted it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])
