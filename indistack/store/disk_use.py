"""Counts what raw subs, their facts and checkpoints take on the disk."""

from __future__ import annotations

import threading
from pathlib import Path


class DiskUse:
    """A count of bytes that several threads keep.

    Parameters
    ----------
    n_bytes : int
        What is there already.
    """

    def __init__(self, n_bytes: int = 0) -> None:
        self._n_bytes = n_bytes
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes on the disk."""
        return self._n_bytes

    def add(self, n_bytes: int) -> None:
        """Count so many more, or fewer."""
        with self._lock:
            self._n_bytes += n_bytes


def size_of(path: Path) -> int:
    """Return the size of a file (bytes), 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
