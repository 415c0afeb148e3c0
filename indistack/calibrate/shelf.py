"""Masters at hand without their memory: the pixels are in files that nobody else sees."""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np

from indistack.calibrate.base import Master
from indistack.values.frame import FloatArray

log = logging.getLogger(__name__)

ROOMY = Path("/var/tmp")
"""On disk by convention, where /tmp may be memory."""


class Shelved:
    """One master whose pixels are in a file that nobody else sees."""

    def __init__(self, master: Master) -> None:
        self._shape = master.pixels.shape
        self._facts = replace(master, pixels=np.empty(0, np.float32))
        pixels = np.ascontiguousarray(master.pixels, np.float32)
        try:
            self._handle = _on_disk(pixels)
        except OSError as error:
            log.info("a master is kept in memory, the disk has no room for it: %s", error.strerror)
            self._handle = _in_memory(pixels)
        weakref.finalize(self, os.close, self._handle)

    def take(self) -> Master:
        """Return the master with pixels that are read from the file as they are touched."""
        mapped = mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ)
        return replace(self._facts, pixels=np.frombuffer(mapped, np.float32).reshape(self._shape))


def _on_disk(pixels: FloatArray) -> int:
    """Return a file without a name that holds the pixels."""
    with tempfile.TemporaryFile(dir=ROOMY if os.access(ROOMY, os.W_OK) else None) as file:
        pixels.tofile(file)
        file.flush()
        return os.dup(file.fileno())


def _in_memory(pixels: FloatArray) -> int:
    with os.fdopen(os.memfd_create("indistack-master", os.MFD_CLOEXEC), "wb") as file:
        file.write(pixels.data)
        file.flush()
        return os.dup(file.fileno())
