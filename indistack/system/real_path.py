"""Where a path leads in the end, whatever its links."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """Return a path without links, as far as they lead; unlike `Path.resolve` it bears links that go in a circle."""
    return Path(os.path.realpath(path))
