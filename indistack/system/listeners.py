"""Who listens on a TCP port of this machine, and which processes run a program, as the kernel tells."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its command line."""

    pid: int
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of its program, or of the script that an interpreter runs."""
        names = [Path(word).name for word in self.words if not word.startswith("-")]
        return " ".join(names[: 2 if names and names[0].startswith("python") else 1])


def processes_of(program: str) -> list[Process]:
    """Return those that run a program, by process id."""
    return sorted(
        (each for each in _processes() if each.words and Path(each.words[0]).name == program), key=lambda one: one.pid
    )


def is_taken(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    return bool(_sockets(port))


def listener(port: int) -> Process | None:
    """Return who listens on a port; None where nobody does, or where that is another user's to know."""
    wanted = {f"socket:[{inode}]" for inode in _sockets(port)}
    return next((each for each in _processes() if wanted and not wanted.isdisjoint(_files(each.pid))), None)


def _sockets(port: int) -> list[str]:
    """Return the inodes of the sockets that listen on a port."""
    found = []
    for table in ("net/tcp", "net/tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                    found.append(words[9])
    return found


def _processes() -> Iterator[Process]:
    for path in PROC.glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            yield Process(int(path.parent.name), tuple(words))


def _files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for path in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(path.readlink())
