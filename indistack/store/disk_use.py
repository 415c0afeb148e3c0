"""Counts what raw subs, their facts and checkpoints take on the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DiskUse:
    """A count of bytes that several threads keep."""

    def __init__(self) -> None:
        self._n_bytes = 0
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes on the disk."""
        return self._n_bytes

    def add(self, n_bytes: int) -> None:
        """Count so many more, or fewer."""
        with self._lock:
            self._n_bytes += n_bytes

    def count_anew(self, n_bytes: int) -> None:
        """Take what was found on the disk for the truth; nobody writes meanwhile."""
        with self._lock:
            self._n_bytes = n_bytes

    @contextmanager
    def written(self, path: Path) -> Iterator[None]:
        """Count by how much a file grows or shrinks in the block, whether it ends well or not."""
        before = size_of(path)
        try:
            yield
        finally:
            self.add(size_of(path) - before)


def size_of(path: Path) -> int:
    """Return the size of a file (bytes), 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
