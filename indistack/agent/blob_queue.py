"""What waits between the sources and the pipeline: on the disk first, bounded in memory, losing nothing."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime

from indistack.agent.mailbox import Request
from indistack.commands import Command
from indistack.errors import FrameError
from indistack.sources import read_blob
from indistack.store.spool import Spool
from indistack.values.blob import Blob, Content, Spooled

log = logging.getLogger(__name__)

Item = Blob | Command | Request


class BlobQueue:
    """Blobs and commands in the order of their arrival.

    Parameters
    ----------
    max_bytes : int
        Frames kept in memory. A frame beyond that waits on the disk only.
    spool : Spool
        Keeps frames on the disk.
    keeps_all : bool
        Every frame goes to the spool before its turn; else only those that memory has no room for.
    """

    def __init__(self, max_bytes: int, spool: Spool, keeps_all: bool = True) -> None:
        self._max_bytes = max_bytes
        self._spool = spool
        self._keeps_all = keeps_all
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._door = threading.Lock()  # the order in the spool is the order here
        self._ready = threading.Condition()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add an item; returns when a frame is on the disk, if it is to be there."""
        with self._door:
            if isinstance(item, Blob) and self._keeps_all:
                item = self._spool.take(item)
            if isinstance(item, Blob) and item.size_bytes and self._bytes + item.size_bytes > self._max_bytes:
                item = self._spill(item)
            self._append(item)

    def put_spooled(self, name: str) -> None:
        """Add a frame that has waited in the spool since an earlier run."""
        self._append(Blob(Content(b""), "", "", name, datetime.now(UTC), spooled=Spooled(name)))

    def get(self, timeout_s: float) -> Item | None:
        """Return the next item, None when there is none within the time."""
        with self._ready:
            if not self._items:
                self._ready.wait(timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= item.size_bytes if isinstance(item, Blob) else 0
        return self._fetch(item) if isinstance(item, Blob) and not item.size_bytes else item

    def _append(self, item: Item) -> None:
        with self._ready:
            self._bytes += item.size_bytes if isinstance(item, Blob) else 0
            self._items.append(item)
            self._ready.notify()

    def _spill(self, blob: Blob) -> Blob:
        """Let go of the bytes of a frame that is on the disk; a full disk leaves memory as the last resort."""
        kept = blob if blob.path is not None else self._spool.take(blob)
        return replace(kept, content=Content(b"")) if kept.spooled is not None or kept.path is not None else kept

    def _fetch(self, blob: Blob) -> Blob:
        """Read a frame back that waited on the disk."""
        if blob.spooled is not None:
            return self._fetch_spooled(blob, blob.spooled)
        if blob.path is None or blob.fault:
            return blob
        read = read_blob(blob.path, blob.device)
        return replace(blob, content=read.content, fault=read.fault)

    def _fetch_spooled(self, blob: Blob, spooled: Spooled) -> Blob:
        try:
            found = self._spool.read(spooled.name)
        except FrameError as error:
            return replace(blob, fault=error.detail)
        return replace(found, spooled=replace(spooled, modified_ns=self._spool.modified_ns(spooled.name)))
