"""Reads files that others have named: ordinary ones of a plausible size only, and without waiting for anybody."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

MAX_BYTES = 2_000_000_000
"""Three planes of 150 MP as floats are 1.8 GB."""


def read_tail(path: Path, n_bytes: int) -> bytes:
    """Return the last lines of a file, so many bytes at most; nothing where it cannot be read or is no ordinary one."""
    try:
        with os.fdopen(_opened(path, sys.maxsize), "rb") as file:
            skipped = file.seek(max(0, file.seek(0, os.SEEK_END) - n_bytes))
            return file.read(n_bytes).partition(b"\n")[2] if skipped else file.read(n_bytes)
    except OSError:
        return b""


def read_ordinary(path: Path, max_bytes: int = MAX_BYTES, head_bytes: int = -1) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    path : Path
        Perhaps a pipe that nobody writes to, a device without an end, or a folder.
    max_bytes : int
        A larger file is not read.
    head_bytes : int
        Only so many are read; all of them if negative.

    Raises
    ------
    OSError
        It cannot be read, is no ordinary file, or is too large.
    """
    with os.fdopen(_opened(path, max_bytes), "rb") as file:
        return file.read(head_bytes)


def _opened(path: Path, max_bytes: int) -> int:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # no file can have such a name
        raise OSError(errno.EINVAL, str(error)) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is no ordinary file")
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"is larger than {max_bytes / 1e6:.0f} MB")
    except OSError:
        os.close(handle)
        raise
    return handle
