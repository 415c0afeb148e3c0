"""Frames from a list of files, for an agent: once, then there are no more."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from indistack.sources.base import Emit
from indistack.sources.files import read_ahead


class OnceSource:
    """Delivers files in their order, and ends.

    Parameters
    ----------
    files : sequence of Path
        The frames.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._delivered = 0

    def status(self) -> dict[str, str | int]:
        """Return how many of the files were delivered."""
        return {"files": self._delivered, "waits_for": "nothing: it works through a list of files"}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver the files, until `stop` is set."""
        for blob in read_ahead(self._files):
            if stop.is_set():
                return
            emit(blob)
            self._delivered += 1
