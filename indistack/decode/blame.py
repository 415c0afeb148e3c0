"""Whose fault is it that a frame could not be decoded: the bytes' or ours?"""

from __future__ import annotations

import struct
import sysconfig
import zlib
from pathlib import Path
from traceback import walk_tb

import cv2

BY_BYTES = (
    ValueError,
    OSError,
    EOFError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
    zlib.error,
    cv2.error,
)
"""What our own lines raise over values that a damaged file made up. Other kinds mean that a line is wrong."""

FOREIGN = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
"""Where libraries are: in the face of damaged bytes these raise all sorts."""

OURS = str(Path(__file__).parents[1])
"""Where this package is, which may be installed among them."""


def blames_bytes(error: BaseException) -> bool:
    """Tell whether an exception of a decoder says that the file is damaged; else the decoder has a bug.

    Parameters
    ----------
    error : exception
        As it was caught, with its traceback.
    """
    if isinstance(error, BY_BYTES):
        return True
    frames = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].startswith(FOREIGN) and not frames[-1].startswith(OURS)
