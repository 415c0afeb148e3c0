"""Finds pixels of 16 bits whose two bytes were exchanged by the program or camera that wrote them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.values.frame import PixelArray

Unsigned = npt.NDArray[np.uint16]

SWAPPED = "the two bytes of every pixel are exchanged: they are read the other way round"

SAMPLES = 256
"""Rows and columns that are looked at."""

PITCH_PX = 2
"""As far apart are two pixels of the same colour."""

LEAST_STEP_ADU, LEAST_RATIO = 256, 16
"""Noise that has come to stand in the upper byte makes steps of at least that much, and so many times those that it
makes in the lower one."""

LEAST_VALUES = 8
"""Of the lower byte: with fewer it may be one that says nothing, as where 8 bits were shifted up."""

SIGN = np.uint16(0x8000)


def exchanged(pixels: PixelArray) -> PixelArray | None:
    """Return pixels with their bytes in the right order, where they are in the wrong one.

    A sky is smooth but for its noise, which is in the lower bytes. With the bytes exchanged it looks like dice.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)``, native, of any dtype; unchanged. FITS stores signed values: the bytes of those were
        exchanged, or of the values themselves: the way in which the sky is darker is the right one.

    Returns
    -------
    array or None
        uint16, new; None where nothing is wrong.
    """
    if pixels.dtype != np.uint16 or pixels.shape[1] <= PITCH_PX:
        return None
    rows, columns = (max(1, side // SAMPLES) for side in pixels.shape[:2])
    sample = pixels[::rows]
    steps = np.stack([sample[:, PITCH_PX::columns], sample[:, :-PITCH_PX:columns]])
    rough = _step(steps)
    if rough < LEAST_STEP_ADU:
        return None
    ways = [_other_order(steps, sign) for sign in (np.uint16(0), SIGN)]
    darkest = min(ways, key=lambda way: float(np.median(way)))
    if rough <= LEAST_RATIO * max(1.0, _step(darkest)) or _values_of_lower(pixels) < LEAST_VALUES:
        return None
    return _other_order(pixels, SIGN if darkest is ways[1] else np.uint16(0))


def _step(pairs: Unsigned) -> float:
    """Return by how much the two usually differ."""
    one, other = pairs.astype(np.int32)
    return float(np.median(np.abs(one - other)))


def _other_order(pixels: Unsigned, sign: np.uint16) -> Unsigned:
    return np.asarray((pixels ^ sign).byteswap() ^ sign, np.uint16)


def _values_of_lower(pixels: Unsigned) -> int:
    return int(np.count_nonzero(np.bincount((pixels & 0xFF).ravel().astype(np.uint8), minlength=256)))
