"""The facts of a FITS file from its first kilobytes, for who looks through hundreds of large ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from indistack.decode.base import DecodeSettings
from indistack.decode.cfa import cfa_of
from indistack.errors import DecodeError
from indistack.fits_header import BLOCK, READ, frame_info, index, number, parse_cards
from indistack.system.ordinary_file import read_ordinary
from indistack.values.frame import RawFrame

HEAD_BYTES = 40 * BLOCK

_STORED = {8: np.uint8, 16: np.uint16, 32: np.int32, 64: np.int64, -32: np.float32, -64: np.float64}
_CUT = (*READ["light_area"], *READ["overscan"])


def glance(path: Path, settings: DecodeSettings) -> RawFrame | None:
    """Return a plain FITS picture's facts, its pixels being zeros that take no memory.

    Returns
    -------
    RawFrame or None
        None where only decoding the whole file can tell: it is compressed, of another format, its picture is in an
        extension, or its pixels will be cut.

    Raises
    ------
    DecodeError
        `unreadable`, or `truncated`: the file is shorter than its header says.
    """
    try:
        head = read_ordinary(path, head_bytes=HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise DecodeError("unreadable", error.strerror or str(error)) from error
    end = _end_of(head)
    cards = parse_cards(head[:end])
    table = index(cards)
    shape = tuple(
        int(number(table.get(f"NAXIS{axis}")) or 0) for axis in range(int(number(table.get("NAXIS")) or 0), 0, -1)
    )
    stored = _STORED.get(int(number(table.get("BITPIX")) or 0))
    if not head.startswith(b"SIMPLE") or not end or stored is None or any(keyword in table for keyword in _CUT):
        return None
    if len(shape) not in (2, 3) or min(shape) < 1 or (len(shape) == 3 and shape[0] != 3):
        return None
    if end + math.prod(shape) * np.dtype(stored).itemsize > size:
        raise DecodeError("truncated", f"{size} bytes are not all that the header tells", {"bytes": size})
    info = frame_info(cards)
    cfa = cfa_of(table, shape[0], settings.bayer_for(info.camera)) if len(shape) == 2 else None
    pixels = np.broadcast_to(np.zeros((), stored), shape if len(shape) == 2 else (*shape[1:], 3))
    return RawFrame(pixels, cfa, info)


def _end_of(head: bytes) -> int:
    """Return where the first header ends, 0 where it does not end here."""
    for start in range(0, len(head), 80):
        if head[start : start + 8] == b"END     ":
            return -(-(start + 80) // BLOCK) * BLOCK
    return 0
