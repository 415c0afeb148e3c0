"""Frames that are wanted again later, kept on disk instead of in memory."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from indistack.errors import StackError
from indistack.values.frame import CalibratedFrame, PixelArray


def parked(frame: CalibratedFrame, folder: Path | None) -> CalibratedFrame:
    """Return the frame with its pixels in a file that the system reads when they are looked at.

    The file has no name and is gone with the last one who holds the frame, even if the program is killed.

    Parameters
    ----------
    folder : Path or None
        Where there is room; by default the system's folder for temporary files.

    Raises
    ------
    StackError
        The disk does not take it.
    """
    try:
        return replace(frame, pixels=_mapped(frame.pixels, folder))
    except OSError as error:
        raise StackError(f"{folder or tempfile.gettempdir()}: cannot keep a sub: {error.strerror}") from error


def _mapped(pixels: PixelArray, folder: Path | None) -> PixelArray:
    with tempfile.TemporaryFile(dir=folder, prefix="indistack-") as file:
        np.ascontiguousarray(pixels).tofile(file)
        file.flush()
        return np.memmap(file, pixels.dtype, "r", shape=pixels.shape)
