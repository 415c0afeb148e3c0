"""An output folder as an agent leaves it, without one."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BLOCK = 2880


def tell_status(output: Path, **facts: Any) -> None:
    """Write what an agent tells of itself."""
    status = {"state": "running", "n_subs": 3, "exposure_s": 30.0, "outcomes": {"accepted": 3}, **facts}
    temporary = output / ".status.tmp"
    temporary.write_text(json.dumps(status))
    temporary.replace(output / "status.json")


def fits(width: int, height: int, n_subs: int) -> bytes:
    """Return a FITS file of 16 bits, all of one value."""
    cards = {"SIMPLE": "T", "BITPIX": "16", "NAXIS": "2", "NAXIS1": width, "NAXIS2": height, "XPIXSZ": "7.5",
             "STACKCNT": n_subs, "LIVETIME": "30.0"}  # fmt: skip
    head = "".join(f"{name:8}= {value!s:>20} / what it is".ljust(80) for name, value in cards.items()) + "END"
    data = bytes(2 * width * height)
    return head.ljust(BLOCK).encode() + data + bytes(-len(data) % BLOCK)


def publish(output: Path, name: str, data: bytes, second: int) -> None:
    """Let a picture appear whole, as that of a second."""
    temporary = output / f".{name}.tmp"
    temporary.write_bytes(data)
    os.utime(temporary, (second, second))
    temporary.replace(output / name)


@contextmanager
def at_work(output: Path) -> Iterator[None]:
    """Hold a folder as an agent does."""
    handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)
