"""Masters at hand without their memory: the pixels are in files that nobody else sees."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np

from indistack.calibrate.base import Master

ROOMY = Path("/var/tmp")
"""On disk by convention, where /tmp may be memory."""


class Shelved:
    """One master whose pixels are in a file that nobody else sees."""

    def __init__(self, master: Master) -> None:
        self._shape = master.pixels.shape
        self._facts = replace(master, pixels=np.empty(0, np.float32))
        with tempfile.TemporaryFile(dir=ROOMY if os.access(ROOMY, os.W_OK) else None) as file:
            np.ascontiguousarray(master.pixels, np.float32).tofile(file)
            self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)

    def take(self) -> Master:
        """Return the master with pixels that are read from the file as they are touched."""
        mapped = mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ)
        return replace(self._facts, pixels=np.frombuffer(mapped, np.float32).reshape(self._shape))
