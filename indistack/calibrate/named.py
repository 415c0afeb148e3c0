"""The masters that the user named: the same for every frame, and refused where they cannot fit."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np

from indistack.calibrate.base import Choice, Master, Masters
from indistack.calibrate.match import doubts, exposure_ratio, require_fit
from indistack.frame import RawFrame

ROOMY = Path("/var/tmp")
"""On disk by convention, where /tmp may be memory."""


class NamedMasters:
    """Chooses the masters that it was given.

    Their pixels move to nameless temporary files, from which each choice maps them: memory is taken only while
    somebody looks at them.

    Parameters
    ----------
    masters : Masters
        May be empty.

    Raises
    ------
    OSError
        The disk is full.
    """

    def __init__(self, masters: Masters) -> None:
        self._shelf = {master.kind: Shelved(master) for master in masters.present()}

    def choose(self, raw: RawFrame) -> Choice:
        """Return the masters.

        Raises
        ------
        CalibrationError
            `master_mismatch`: a master is of another size, CFA or binning than the frame.
        """
        masters = Masters(**{kind: shelved.take() for kind, shelved in self._shelf.items()})
        for master in masters.present():
            require_fit(master, raw)
        idle = masters.bias if masters.dark is not None and exposure_ratio(masters.dark, raw.info) == 1.0 else None
        warnings = (doubt for master in masters.present() if master is not idle for doubt in doubts(master, raw.info))
        return Choice(masters, "named" if self._shelf else "", tuple(warnings))


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
