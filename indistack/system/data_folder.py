"""Where the user's own data lie."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder(program: str = "indistack") -> Path:
    """Return a program's folder among the user's data, by the rules of freedesktop.org; it may not be there yet."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / program
