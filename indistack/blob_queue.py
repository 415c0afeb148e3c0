"""What waits between the sources and the pipeline: bounded in memory, unbounded on disk, losing nothing."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path

from indistack.commands import Command
from indistack.frame import Blob
from indistack.sources import read_blob

log = logging.getLogger(__name__)


class BlobQueue:
    """Blobs and commands in the order of their arrival.

    Parameters
    ----------
    max_bytes : int
        Frames kept in memory. Of a frame beyond that only the path is kept where it is a file on this machine already;
        else it is written to the spool until its turn comes.
    spool : Path
        Folder for that; made when it is needed.
    """

    def __init__(self, max_bytes: int, spool: Path) -> None:
        self._max_bytes = max_bytes
        self._spool = spool
        self._items: deque[Blob | Command] = deque()
        self._bytes = 0
        self._spooled = 0
        self._ready = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Blob | Command) -> None:
        """Add an item; returns at once but for the time that a spilled frame takes to write."""
        with self._ready:
            if isinstance(item, Blob) and item.size_bytes and self._bytes + item.size_bytes > self._max_bytes:
                item = self._spill(item)
            self._bytes += item.size_bytes if isinstance(item, Blob) else 0
            self._items.append(item)
            self._ready.notify()

    def get(self, timeout_s: float) -> Blob | Command | None:
        """Return the next item, None when there is none within the time."""
        with self._ready:
            if not self._items:
                self._ready.wait(timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= item.size_bytes if isinstance(item, Blob) else 0
        return self._fetch(item) if isinstance(item, Blob) and item.path is not None and not item.size_bytes else item

    def _spill(self, blob: Blob) -> Blob:
        if blob.path is not None:
            return replace(blob, data=b"")
        path = self._spool / f"waiting-{self._spooled:06d}{blob.suffix}"
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
            path.write_bytes(blob.data)
        except OSError as error:  # a full disk: memory is the last resort
            log.error("%s: cannot spill a waiting frame: %s", path, error.strerror)
            return blob
        self._spooled += 1
        log.warning("%d frames wait; the next ones wait on disk", len(self._items))
        return replace(blob, data=b"", path=path)

    def _fetch(self, blob: Blob) -> Blob:
        """Read back a frame that waited on disk."""
        assert blob.path is not None
        read = read_blob(blob.path, blob.device)
        ours = blob.path.parent == self._spool
        if ours:
            blob.path.unlink(missing_ok=True)
        return replace(blob, data=read.data, fault=blob.fault or read.fault, path=None if ours else blob.path)
