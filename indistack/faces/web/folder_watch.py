"""Wakes who looks at a folder as soon as a file in it has been put in place: the kernel tells (inotify)."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

IN_CLOSE_WRITE, IN_MOVED_TO, IN_DELETE, IN_ONLYDIR = 0x8, 0x80, 0x200, 0x0100_0000
READ_BYTES = 65_536


class FolderWatch:
    """Tells of changes in a folder, present or not; of none where the kernel cannot, as on other systems than Linux.

    Parameters
    ----------
    folder : Path
        It.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stirred = asyncio.Event()
        self._handle = -1
        with contextlib.suppress(OSError, AttributeError):
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._handle = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._handle < 0:
            log.debug("changes in %s are not told of: they are looked for", folder)

    def renew(self) -> bool:
        """Watch the folder, which may have come or been replaced since; tell whether it is watched."""
        if self._handle < 0:
            return False
        wanted = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR
        return bool(self._libc.inotify_add_watch(self._handle, os.fsencode(self._folder), wanted) >= 0)

    def __enter__(self) -> FolderWatch:
        """Be told from now on; in a running loop."""
        if self._handle >= 0:
            asyncio.get_running_loop().add_reader(self._handle, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        if self._handle >= 0:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            os.read(self._handle, READ_BYTES)  # which file it was does not matter
        self._stirred.set()

    async def change(self, patience_s: float) -> None:
        """Wait until something has changed since the last time, for so long at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), patience_s)
        self._stirred.clear()
