"""FITS files as a camera driver writes them: one header of 80-character cards, 16-bit pixels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Value = str | int | float | bool
BLOCK_BYTES = 2880


def fits_bytes(pixels: NDArray[np.uint16] | NDArray[np.uint8], header: Mapping[str, Value]) -> bytes:
    """Return a FITS file.

    Parameters
    ----------
    pixels : ndarray of uint16 or uint8, shape (height, width) or (planes, height, width)
        16 bits are stored signed with BZERO 32768, 8 bits as they are.
    header : mapping
        Keywords besides those that describe the data.
    """
    deep = pixels.dtype == np.uint16
    structure: dict[str, Value] = {"SIMPLE": True, "BITPIX": 16 if deep else 8, "NAXIS": pixels.ndim}
    structure |= {f"NAXIS{axis}": side for axis, side in enumerate(reversed(pixels.shape), start=1)}
    structure |= {"EXTEND": True, "BZERO": 32768 if deep else 0, "BSCALE": 1}
    head = b"".join(card(key, value) for key, value in {**structure, **header}.items()) + b"END".ljust(80)
    # Flipping the top bit is subtracting 32768; FITS is big-endian.
    data = (pixels ^ np.uint16(0x8000)).byteswap() if deep else np.ascontiguousarray(pixels)
    return b"".join([_padded(head, b" "), data.data, b"\0" * (-data.nbytes % BLOCK_BYTES)])


def card(key: str, value: Value) -> bytes:
    """Return one 80-character header card.

    Raises
    ------
    ValueError
        If the key is longer than 8 characters, or the text does not fit into one card.
    """
    if len(key) > 8:
        raise ValueError(f"FITS keyword {key!r} is longer than 8 characters")
    text = f"{key:<8}= {_value(value)}"
    if len(text) > 80:
        raise ValueError(f"FITS value of {key} is too long: {value!r}")
    return text.ljust(80).encode("ascii", "replace")


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return f"{'T' if value else 'F':>20}"
    if isinstance(value, int):
        return f"{value:>20d}"
    if isinstance(value, float):
        return f"{_float(value):>20}"
    return f"'{value.replace(chr(39), chr(39) * 2):<8}'"


def _float(value: float) -> str:
    """Write a float with a point, so that a reader does not take it for an integer."""
    text = f"{value:.12G}"
    return text if "." in text or "E" in text else text + "."


def _padded(data: bytes, fill: bytes) -> bytes:
    return data + fill * (-len(data) % BLOCK_BYTES)
