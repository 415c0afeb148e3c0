"""Whose fault is it that a frame could not be decoded: the bytes' or ours?"""

from __future__ import annotations

import struct
import sysconfig
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb

from indistack.errors import DecodeError

BY_BYTES = (ValueError, OSError, EOFError, IndexError, OverflowError, RecursionError, struct.error, zlib.error)
"""What our own lines raise over values that a damaged file made up. Other kinds mean that a line is wrong."""

FOREIGN = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
"""Where libraries are: in the face of damaged bytes these raise all sorts."""

OURS = str(Path(__file__).parents[1])
"""Where this package is, which may be installed among them."""


@contextmanager
def library(name: str, n_bytes: int) -> Iterator[None]:
    """Say `damaged` of whatever a library raises over the bytes of a file; its calls alone stand in the block.

    Compiled ones leave no line of theirs in a traceback by which `blames_bytes` would know them.
    """
    try:
        yield
    except (DecodeError, MemoryError):
        raise
    except Exception as error:
        raise DecodeError("damaged", f"{name}: {str(error) or type(error).__name__}", {"bytes": n_bytes}) from error


def blames_bytes(error: BaseException) -> bool:
    """Tell whether an exception of a decoder says that the file is damaged; else the decoder has a bug.

    Parameters
    ----------
    error : exception
        As it was caught, with its traceback.
    """
    if isinstance(error, BY_BYTES):
        return True
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return bool(files) and _is_foreign(files[-1])


def _is_foreign(file: str) -> bool:
    """Tell whether a line is a library's; those of Cython and of Python's frozen modules have no whole path."""
    return not Path(file).is_absolute() or (file.startswith(FOREIGN) and not file.startswith(OURS))
