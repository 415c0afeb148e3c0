"""Which pictures somebody outside wants at present: what costs much and is seldom shown is made for them alone."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

FOLDER = "wanted"
"""In the output folder: a file for each wish, with the wanted picture's name."""

LEASE_S = 60.0
"""So long a wish lasts, unless it is said again."""

DEVICE_PICTURE = "stack.16bit.fits"
"""The main stack as 16-bit FITS, binned so that any INDI client can take it."""


FULL_PICTURE = "stack.full.jpg"
"""The main picture as fine as the stack is, where it is published binned."""

OWN_STRETCH = "stack.own.jpg"
"""The main stack, small and companded, for those who stretch it themselves."""


def want(output: Path, name: str) -> None:
    """Say that a picture is wanted from now on, for a while; what cannot be said is left."""
    path = output / FOLDER / name
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        path.touch()


def is_wanted(output: Path, name: str) -> bool:
    """Tell whether somebody wants a picture now."""
    try:
        return abs(time.time() - (output / FOLDER / name).stat().st_mtime) < LEASE_S
    except OSError:
        return False
