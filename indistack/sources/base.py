"""What a source is, which files are frames, and how a file on this machine becomes a blob."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from indistack.fits_header import is_stack
from indistack.system.ordinary_file import read_ordinary
from indistack.values.blob import Blob, Content

Emit = Callable[[Blob], None]


class Source(Protocol):
    """Where frames come from.

    `run` blocks in a thread of its own, hands every frame to `emit` as soon as it is there, and returns when there will
    be no more or when `stop` is set (within half a second). It survives what it can and raises `SourceError` when it
    cannot go on.
    """

    def status(self) -> object:
        """Return how things stand, as a mapping or a dataclass of plain values; may be called from any thread.

        Its `waits_for`, if there is one, tells people what must happen before a frame comes.
        """

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver frames until there are no more or `stop` is set."""


COMPOUND = (".fz", ".z", ".gz")

FITS_SUFFIXES = (".fits", ".fit", ".fts")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

FRAME_SUFFIXES = frozenset(
    [fits + more for fits in FITS_SUFFIXES for more in ("", *COMPOUND)]
    + [*PICTURE_SUFFIXES, ".xisf", ".cr2", ".cr3", ".crw", ".nef", ".arw", ".dng", ".orf"]
    + [".raf", ".rw2", ".pef", ".kdc"]
)
"""What counts as a frame among the files of a folder."""

UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", "~")
"""Ends of names that programs give to files while they write them (before or instead of a frame's suffix)."""

ANNOUNCED_POLL_S = 0.05

HEAD_BYTES = 288_000
"""Of a FITS file: enough for any header."""


def suffix_of(name: str) -> str:
    """Return a file name's format suffix, lower case, compression suffix kept: ``"A.FITS.FZ"`` gives ``".fits.fz"``."""
    parts = Path(name.lower()).suffixes
    if len(parts) > 1 and parts[-1] in COMPOUND:
        return parts[-2] + parts[-1]
    return parts[-1] if parts else ""


def natural_key(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def is_frame_name(name: str) -> bool:
    """Whether a file in a folder counts as a frame: a suffix of ours, not hidden, not marked as unfinished."""
    return suffix_of(name) in FRAME_SUFFIXES and not is_unfinished_name(name)


def is_unfinished_name(name: str) -> bool:
    """Whether a program has named a file so that nobody takes it yet."""
    stem = name.lower().removesuffix(suffix_of(name))
    return name.startswith((".", "~")) or stem.endswith(UNFINISHED) or name.lower().endswith(UNFINISHED)


def is_own_stack(path: Path) -> bool:
    """Whether a file is a stack of ours in FITS, whoever has put it there."""
    if not path.name.lower().endswith(FITS_SUFFIXES):
        return False
    try:
        return is_stack(read_ordinary(path, head_bytes=HEAD_BYTES))
    except OSError:  # told of when it is read
        return False


def shows_own_stack(path: Path) -> bool:
    """Whether a file is the picture of a stack of ours, which lies beside it under the same name."""
    beside = (path.with_suffix(suffix) for suffix in FITS_SUFFIXES)
    return path.name.lower().endswith(PICTURE_SUFFIXES) and any(map(is_own_stack, beside))


def read_blob(path: Path, device: str) -> Blob:
    """Read a file as a blob; an unreadable file gives a blob whose `fault` says why.

    The bytes are read, not mapped: a map of a file that somebody truncates kills the process.
    """
    try:
        data, fault = read_ordinary(path), ""
    except OSError as error:
        data, fault = b"", error.strerror or str(error)
    return Blob(Content(data, path), suffix_of(path.name), device, str(path), datetime.now(UTC), path, fault)


def announce(path: Path) -> None:
    """Have the system read a file ahead, where it can; a file that cannot be read is told of by who reads it."""
    if not hasattr(os, "posix_fadvise"):
        return
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(file)


def read_announced(path: Path, device: str, stop: threading.Event, patience_s: float) -> Blob | None:
    """Read a file that another program says is written, when it is there and whole.

    Returns
    -------
    Blob or None
        None when the file has not come into being within `patience_s`, or `stop` was set while waiting. A file that
        still grows, or cannot be read, after that time is returned as it is.
    """
    deadline = time.monotonic() + patience_s
    while True:
        before = stamp_of(path)
        blob = read_blob(path, device)
        whole = before is not None and before == stamp_of(path) and blob.size_bytes == before.size_bytes > 0
        if whole or stop.is_set() or time.monotonic() >= deadline:
            return blob if before is not None else None
        stop.wait(ANNOUNCED_POLL_S)


@dataclasses.dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another; the inode does not, for FAT makes up new ones now and then."""

    size_bytes: int
    modified_ns: int
    inode: int = dataclasses.field(compare=False)


def stamp_of(path: Path) -> Stamp | None:
    """Return a file's stamp; None when there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # no file can have such a name
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
