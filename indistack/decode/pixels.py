"""FITS pixels, big-endian as stored, to native pixels, strip by strip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from indistack.decode.base import STRIP_BYTES
from indistack.system.workers import Workers
from indistack.values.frame import PixelArray


@dataclass(frozen=True, slots=True)
class Scaling:
    """``physical = bzero + bscale * stored``; `blank` is the stored integer that means no value.

    `unsigned`: signed 16-bit integers without scaling are to be read as unsigned ones.
    """

    bscale: float = 1.0
    bzero: float = 0.0
    blank: int | None = None
    unsigned: bool = False

    @property
    def is_plain(self) -> bool:
        """Stored values are the physical ones."""
        return self.bscale == 1.0 and self.bzero == 0.0


def is_plain_int16(stored: PixelArray, scaling: Scaling) -> bool:
    """Return whether these are signed 16-bit integers that nothing shifts or stretches."""
    return stored.dtype.kind == "i" and stored.dtype.itemsize == 2 and scaling.is_plain


def native_image(stored: PixelArray, scaling: Scaling, workers: Workers, *, planar: bool) -> PixelArray:
    """Return ``(h, w)`` or ``(h, w, 3)`` native pixels from stored ones; `planar`: colours come as ``(3, h, w)``."""
    rows = stored.reshape(-1, stored.shape[-1]) if planar else stored.reshape(len(stored), -1)
    native = to_native(rows, scaling, workers).reshape(stored.shape)
    return interleave(native) if planar and stored.ndim == 3 else native


def to_native(stored: PixelArray, scaling: Scaling, workers: Workers) -> PixelArray:
    """Return pixels in native byte order and in the smallest of the three working types that holds them.

    Parameters
    ----------
    stored : array
        ``(rows, columns)`` of any FITS type, in any byte order; not changed.
    scaling : Scaling
        The header's BSCALE, BZERO and BLANK.

    Returns
    -------
    array
        New. uint8 for unscaled bytes; uint16 for 16-bit integers with BZERO 32768, and for those without BZERO that are
        never negative or that `scaling` says to be unsigned; float32 for all else: scaled, signed, 32 and 64-bit
        integers, floats. NaN and infinity stay; blank becomes NaN.
    """
    kind, size = stored.dtype.kind, stored.dtype.itemsize
    blank = scaling.blank is not None and kind in "iu" and bool((stored == scaling.blank).any())
    if blank:
        return _float(stored, scaling, workers)
    if kind == "u" and size <= 2 and scaling.is_plain:
        return _swap(stored, 0, workers)
    if kind == "i" and size == 2 and scaling.bscale == 1.0 and scaling.bzero == 32768.0:
        return _swap(stored.view(stored.dtype.str.replace("i", "u")), 0x8000, workers)
    if is_plain_int16(stored, scaling) and (scaling.unsigned or int(stored.min(initial=0)) >= 0):
        return _swap(stored.view(stored.dtype.str.replace("i", "u")), 0, workers)
    return _float(stored, scaling, workers)


def _swap(stored: PixelArray, flip: int, workers: Workers) -> PixelArray:
    native = np.empty(stored.shape, stored.dtype.newbyteorder("="))

    def strip(rows: slice) -> None:
        np.copyto(native[rows], stored[rows])
        if flip:
            np.bitwise_xor(native[rows], native.dtype.type(flip), out=native[rows])

    _strips(strip, native, workers)
    return native


def _float(stored: PixelArray, scaling: Scaling, workers: Workers) -> PixelArray:
    native = np.empty(stored.shape, np.float32)
    wide = stored.dtype.itemsize > 2 and stored.dtype.kind in "iu"

    def strip(rows: slice) -> None:
        with np.errstate(all="ignore"):  # whatever the file holds, infinity and NaN are answers
            values = stored[rows].astype(np.float64 if wide or not scaling.is_plain else np.float32)
            if not scaling.is_plain:
                np.multiply(values, scaling.bscale, out=values)
                np.add(values, scaling.bzero, out=values)
            if scaling.blank is not None and stored.dtype.kind in "iu":
                values[stored[rows] == scaling.blank] = np.nan
            native[rows] = values

    _strips(strip, native, workers)
    return native


def _strips(work: Callable[[slice], None], native: PixelArray, workers: Workers) -> None:
    height = len(native)
    rows = max(1, STRIP_BYTES * height // max(1, native.nbytes))
    workers.strips(work, height, rows)


def interleave(planes: PixelArray) -> PixelArray:
    """Return ``(height, width, 3)`` from ``(3, height, width)``."""
    rgb: PixelArray = cv2.merge(list(planes))
    return rgb
