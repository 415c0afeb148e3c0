"""Frames from the arrays of a program that has them in memory."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from indistack.errors import DecodeError
from indistack.fits_header import BLOCK, header_bytes
from indistack.values.blob import Blob, Content
from indistack.values.frame import Card, PixelArray

BARE = {np.dtype(np.uint8): 8, np.dtype(np.uint16): 16, np.dtype(np.uint32): 32}
"""What is sent as it is, as INDI drivers do; other numbers become a FITS file of float32."""


def blob_of_array(pixels: PixelArray, cards: tuple[Card, ...], device: str, origin: str) -> Blob:
    """Return a frame as a source delivers it.

    Parameters
    ----------
    pixels : array
        ``(height, width)`` mono or CFA, or ``(height, width, 3)`` RGB; any real numbers, ADU.
    cards : tuple of Card
        What is known of the exposure, ``BAYERPAT`` of a CFA too.
    device, origin : str
        As in `Blob`.

    Raises
    ------
    DecodeError
        ``not_a_frame``: another shape, or no numbers.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or pixels.dtype.kind not in "uif":
        raise DecodeError("not_a_frame", f"an array of {pixels.dtype} and shape {pixels.shape}", {"origin": origin})
    planes = pixels if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    bits = BARE.get(pixels.dtype)
    now = datetime.now(UTC)
    if bits is None:
        data = np.ascontiguousarray(planes, ">f4").tobytes()
        head = header_bytes(cards, -32, planes.shape)
        return Blob(Content(head + data + bytes(-len(data) % BLOCK)), ".fits", device, origin, now)
    height, width = pixels.shape[:2]
    size: tuple[Card, ...] = (("NAXIS1", width, ""), ("NAXIS2", height, ""), ("BITPIX", bits, ""))
    little = np.ascontiguousarray(planes, planes.dtype.newbyteorder("<"))
    return Blob(Content(little.tobytes()), ".bin", device, origin, now, cards=(*cards, *size))
