"""Files that appear whole or not at all: write to a temporary name, fsync, rename."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from indistack.errors import SinkError

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""A file that is not there yet, whose name nobody could guess: where others may write to the folder, none can put a
link in its place."""


@contextlib.contextmanager
def atomic_file(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path` that takes its name when the block ends well.

    Parameters
    ----------
    path : Path
        Final name; an existing file is replaced, and readers see the old or the new one, never a part.
    durable : bool
        Survive a power cut (fsync of the file and its folder); False for files that are rewritten all the time.

    Raises
    ------
    SinkError
        The file cannot be written; the message names it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with os.fdopen(os.open(temporary, NEW, 0o666), "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise SinkError(f"{path}: {error.strerror or error}") from error
    finally:
        remove_if_can_be(temporary)


def remove_if_can_be(path: Path) -> None:
    """Remove a file; on a disk that has become read-only it stays, even one that is not there."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_as(source: Path, target: Path) -> None:
    """Give a published file a second name, in another's place; a copy where the file system knows no links.

    Raises
    ------
    OSError
        It cannot be; without a file there is nothing to keep.
    """
    if not source.exists():
        return
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
