"""Reads the masters that the settings name and makes the calibrator of a run."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from pathlib import Path

from indistack.calibrate import Calibrator, load_masters
from indistack.config import Config
from indistack.decode import decode
from indistack.errors import FrameError, SettingsError
from indistack.frame import RawFrame
from indistack.sources import read_blob
from indistack.tiles import Workers

log = logging.getLogger(__name__)


def calibrator_factory(config: Config) -> Callable[[Workers], Calibrator]:
    """Return a function that loads or builds the masters and makes the calibrator.

    It raises `SettingsError` when a file is missing, is no frame, or does not fit the others.
    """

    def read(path: Path) -> RawFrame:
        try:
            return decode(read_blob(path, "calibration"), config.decode)
        except FrameError as error:
            raise SettingsError([f"{path}: {error}"]) from error

    def make(workers: Workers) -> Calibrator:
        try:
            masters = load_masters(config.calibrate, read, workers)
        except FrameError as error:
            raise SettingsError([f"calibration frames: {error}"]) from error
        _give_back_memory()
        for master in (masters.dark, masters.flat, masters.bias):
            if master is not None:
                log.info("using %s", master.describe())
        return Calibrator(config.calibrate, masters, workers)

    return make


def _give_back_memory() -> None:
    """Return what building masters has left in glibc's arenas (100 MB at 24 MP) to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # another C library may not have it
    if trim is not None:
        trim(0)
