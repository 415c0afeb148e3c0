"""What the agent itself writes into a folder that it may also watch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class OwnFiles:
    """Files that are no frames, although they look like some. Told by one thread, asked by another.

    Parameters
    ----------
    paths : iterable of Path
        Those that are known from the beginning.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._paths = {path.absolute() for path in paths}

    def add(self, path: Path) -> None:
        """Know one more."""
        self._paths.add(path.absolute())

    def __contains__(self, path: Path) -> bool:
        return path.absolute() in self._paths
