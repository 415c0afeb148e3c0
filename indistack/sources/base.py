"""What a source is, and how a file on this machine becomes a blob."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from indistack.frame import Blob

Emit = Callable[[Blob], None]


class Source(Protocol):
    """Where frames come from.

    `run` blocks in a thread of its own, hands every frame to `emit` as soon as it is there, and returns when there will
    be no more or when `stop` is set (within half a second). It survives what it can and raises `SourceError` when it
    cannot go on.
    """

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Deliver frames until there are no more or `stop` is set."""


COMPOUND = (".fz", ".z", ".gz")


def suffix_of(name: str) -> str:
    """Return a file name's format suffix, lower case, with a compression suffix kept: ``"A.FITS.FZ"`` -> ``".fits.fz"``."""
    parts = Path(name.lower()).suffixes
    if len(parts) > 1 and parts[-1] in COMPOUND:
        return parts[-2] + parts[-1]
    return parts[-1] if parts else ""


def read_blob(path: Path, device: str) -> Blob:
    """Read a file as a blob; an unreadable file gives a blob whose `fault` says why.

    The bytes are read, not mapped: a map of a file that somebody truncates kills the process.
    """
    try:
        data, fault = path.read_bytes(), ""
    except OSError as error:
        data, fault = b"", error.strerror or str(error)
    return Blob(data, suffix_of(path.name), device, str(path), datetime.now(UTC), path, fault)
