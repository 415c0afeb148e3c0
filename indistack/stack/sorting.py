"""Order statistics over many planes at once: sorted pixel by pixel, with as few passes as possible."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from indistack.values.frame import FloatArray

NETWORK_PLANES = 24
"""So many are sorted by exchanges of whole planes (5 of 256 x 256: 0.3 ms, NumPy 3.3 ms); beyond, NumPy is as fast."""

ROUNDING = 1e-9
"""Of a rank that is a whole number but for that."""


def sorted_planes(room: FloatArray) -> Sequence[FloatArray]:
    """Sort all planes but the last along the first axis.

    Parameters
    ----------
    room : array
        ``(n + 1, h, w)`` float32 without NaN, overwritten; the last plane is scratch.

    Returns
    -------
    sequence of n arrays
        ``(h, w)`` each, the smallest values first; views of `room`.
    """
    n = len(room) - 1
    if n > NETWORK_PLANES:
        room[:n].sort(axis=0)
        return list(room[:n])
    order, spare = list(room[:n]), room[n]
    for low, high in exchanges(n):
        cv2.min(order[low], order[high], dst=spare)
        cv2.max(order[low], order[high], dst=order[high])
        order[low], spare = spare, order[low]
    return order


@lru_cache(maxsize=NETWORK_PLANES)
def exchanges(n: int) -> tuple[tuple[int, int], ...]:
    """Pairs (low, high) to be put in order, one after the other, so that n values are sorted.

    Batcher's merge exchange, Knuth, The Art of Computer Programming 3, 5.2.2 algorithm M.
    """
    pairs = []
    top = 1 << max(n - 1, 0).bit_length() >> 1
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return tuple(pairs)


def middle(order: Sequence[FloatArray], count: int | npt.NDArray[np.intp], share: float = 0.5) -> FloatArray:
    """Return the quantile of the first `count` of sorted planes: the median, for a share of one half.

    Parameters
    ----------
    order : sequence of array
        Sorted planes.
    count : int or array
        How many of them count, at least 1; ``(h, w)`` where that differs from pixel to pixel.
    share : float
        Which quantile, 0 to 1; between two planes it is their mean, as with a median of an even count.

    Returns
    -------
    array
        ``(h, w)`` or ``(h, w, 3)`` float32, as each plane, new.
    """
    rank = (np.asarray(count) - 1) * share
    ranks = np.floor(rank + ROUNDING).astype(np.intp), np.ceil(rank - ROUNDING).astype(np.intp)
    if isinstance(count, int):
        low, high = (order[int(rank)] for rank in ranks)
    else:
        low, high = (np.take_along_axis(np.asarray(order), rank[np.newaxis], axis=0)[0] for rank in ranks)
    mean: FloatArray = (low + high) * np.float32(0.5)
    return mean
