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
        self._paths = set(map(_real, paths))

    def add(self, path: Path) -> None:
        """Know one more."""
        self._paths.add(_real(path))

    def __contains__(self, path: Path) -> bool:
        """Tell whether a file, whose folder is given without links, is one of them."""
        return path in self._paths


def _real(path: Path) -> Path:
    """Return the path on which all agree who come to its folder by other ways."""
    return path.parent.resolve() / path.name
