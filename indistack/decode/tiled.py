"""Undoes FITS tile compression (.fz): astropy decompresses, and sees only a header that was checked before."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping

import numpy as np

from indistack.errors import DecodeError
from indistack.frame import CardValue, PixelArray

MAX_COLUMNS = 9
MAX_SECONDS = 120.0
IN_PROCESS = ("RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "NOCOMPRESS")
"""These stood thousands of damaged files. HCOMPRESS_1 writes beyond its buffers on some, so the others run apart."""
_NEEDED = re.compile(
    r"T(?:TYPE|FORM|NULL|SCAL|ZERO)[1-9]|BSCALE|BZERO|BLANK"
    r"|Z(?:IMAGE|BITPIX|NAXIS[1-3]?|TILE[1-3]|CMPTYPE|NAME[1-9]|VAL[1-9]|QUANTIZ|DITHER0|BLANK|SCALE|ZERO|MASKCMP)"
)


def decompress(table: Mapping[str, CardValue], shape: tuple[int, ...], data: memoryview) -> PixelArray:
    """Return the pixels with their scaling undone, integers as astropy gives them.

    Parameters
    ----------
    table : mapping
        Header of the binary table.
    shape : tuple of int
        The picture's, checked by the caller.
    data : memoryview
        Rows and heap of the table.

    Raises
    ------
    DecodeError
        `damaged`: the table contradicts the picture, or its bytes cannot be decompressed.
    """
    from astropy.io import fits  # slow to import, and most sessions never need it

    header = fits.Header(_checked(table, shape, len(data)))
    headers = fits.PrimaryHDU().header.tostring() + header.tostring()
    file = io.BytesIO(b"".join((headers.encode("ascii"), data, bytes(-len(data) % 2880))))
    trusted = str(table.get("ZCMPTYPE", "")) in IN_PROCESS
    pixels = _here(file) if trusted else _apart(file.getvalue())
    if pixels.size != math.prod(shape):
        raise DecodeError("damaged", f"tile compression gave {pixels.shape}, not {shape}", {"bytes": len(data)})
    return pixels.reshape(shape)


def _here(file: io.BytesIO) -> PixelArray:
    from astropy.io import fits

    try:
        with warnings.catch_warnings(), fits.open(file, memmap=False) as units:
            warnings.simplefilter("ignore")
            return np.asarray(units[1].data)
    except Exception as error:  # hostile bytes make astropy raise anything
        size = len(file.getvalue())
        raise DecodeError("damaged", f"tile compression: {error}", {"bytes": size}) from error


_PROGRAM = """
import io, sys, numpy
from astropy.io import fits
units = fits.open(io.BytesIO(sys.stdin.buffer.read()))
numpy.save(sys.stdout.buffer, numpy.asarray(units[1].data))
"""


def _apart(file: bytes) -> PixelArray:
    """Decompress in a process of its own: if native code dies there, only this frame is lost."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], input=file, capture_output=True, timeout=MAX_SECONDS, check=True
        )
        pixels: PixelArray = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    except (subprocess.SubprocessError, ValueError) as error:
        raise DecodeError("damaged", f"tile compression: {type(error).__name__}", {"bytes": len(file)}) from error
    return pixels


def _checked(table: Mapping[str, CardValue], shape: tuple[int, ...], size: int) -> list[tuple[str, CardValue]]:
    """Return the cards that decompression needs; refuse what would make it work for ever."""
    axes = dict(enumerate(reversed(shape), 1))
    tiles = 1
    for axis, length in axes.items():
        tile = _whole(table, f"ZTILE{axis}", length if axis == 1 else 1)
        if not 1 <= tile <= max(length, 1):
            raise _damaged(f"tiles of {tile} pixels on an axis of {length}", size)
        tiles *= -(-length // tile)
    row_bytes, rows, heap = (_whole(table, keyword) for keyword in ("NAXIS1", "NAXIS2", "PCOUNT"))
    columns = _whole(table, "TFIELDS")
    if rows != tiles or row_bytes * rows + heap != size or not 1 <= columns <= MAX_COLUMNS:
        raise _damaged(f"a table of {rows} rows in {columns} columns for {tiles} tiles", size)
    head: list[tuple[str, CardValue]] = [("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2)]
    head += [("NAXIS1", row_bytes), ("NAXIS2", rows), ("PCOUNT", heap), ("GCOUNT", 1), ("TFIELDS", columns)]
    return head + [(keyword, value) for keyword, value in table.items() if _NEEDED.fullmatch(keyword)]


def _whole(table: Mapping[str, CardValue], keyword: str, default: int = 0) -> int:
    value = table.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DecodeError("damaged", f"{keyword} is {value!r}", {"keyword": keyword})
    return value


def _damaged(detail: str, size: int) -> DecodeError:
    return DecodeError("damaged", f"tile compression: {detail}", {"bytes": size})
