"""Undoes FITS tile compression (.fz): astropy decompresses, and sees only a header that was checked before."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Mapping

import numpy as np

from indistack.errors import DecodeError
from indistack.system.blame import library
from indistack.tile_compression import TileReader
from indistack.values.frame import CardValue, PixelArray

TILED = "tile compression"
MAX_COLUMNS = 9
IN_PROCESS = ("RICE_1", "RICE_ONE", "NOCOMPRESS")
"""These stood a hundred thousand damaged files, once RICE's parameters were checked, which its C code believes."""
APART = ("GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1")
"""HCOMPRESS_1 writes beyond its buffers on some, and a tile of gzip may inflate to any length."""
RICE_PARAMETERS = {"BLOCKSIZE": (16, 32), "BYTEPIX": (1, 2, 4)}
_TILES = TileReader()
"""Starts nothing before the first such file."""
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
        `damaged`: the table contradicts the picture, or its bytes cannot be decompressed. `unsupported`: a compression
        that is none of FITS's.
    """
    from astropy.io import fits  # slow to import, and most sessions never need it

    cards = _checked(table, shape, len(data))
    with library(TILED, len(data)):
        headers = (fits.PrimaryHDU().header.tostring() + fits.Header(cards).tostring()).encode("ascii")
    file = b"".join((headers, data, bytes(-len(data) % 2880)))
    pixels = _TILES.read(file, math.prod(shape)) if _needs_process(table) else _here(file)
    if pixels.size != math.prod(shape):
        raise DecodeError("damaged", f"tile compression gave {pixels.shape}, not {shape}", {"bytes": len(data)})
    return pixels.reshape(shape)


def _needs_process(table: Mapping[str, CardValue]) -> bool:
    """Tell whether it is undone in a process of its own: then native code that dies or grows costs only this frame."""
    columns = [str(table.get(f"TTYPE{number}", "")).upper() for number in range(1, MAX_COLUMNS + 1)]
    inflates = any(name.startswith("GZIP") for name in columns) or "ZMASKCMP" in table
    return table["ZCMPTYPE"] in APART or inflates


def _here(file: bytes) -> PixelArray:
    from astropy.io import fits

    with library(TILED, len(file)), warnings.catch_warnings(), fits.open(io.BytesIO(file), memmap=False) as units:
        warnings.simplefilter("ignore")
        return np.asarray(units[1].data)


def _checked(table: Mapping[str, CardValue], shape: tuple[int, ...], size: int) -> list[tuple[str, CardValue]]:
    """Return the cards that decompression needs; refuse what would make it work for ever, or out of its memory."""
    _require_known(table, size)
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


def _require_known(table: Mapping[str, CardValue], size: int) -> None:
    said = table.get("ZCMPTYPE")
    if said not in IN_PROCESS + APART:
        raise DecodeError("unsupported", f"tile compression by {said!r}", {"compression": str(said)})
    for number in range(1, 10):
        name, value = table.get(f"ZNAME{number}"), table.get(f"ZVAL{number}")
        if name in RICE_PARAMETERS and value not in RICE_PARAMETERS[str(name)]:
            raise _damaged(f"{name} = {value!r}", size)


def _whole(table: Mapping[str, CardValue], keyword: str, default: int = 0) -> int:
    value = table.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DecodeError("damaged", f"{keyword} is {value!r}", {"keyword": keyword})
    return value


def _damaged(detail: str, size: int) -> DecodeError:
    return DecodeError("damaged", f"{TILED}: {detail}", {"bytes": size})
