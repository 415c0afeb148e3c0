"""Clipped cores: what has lost its colour in the camera becomes white."""

from __future__ import annotations

import numpy as np

from indistack.enhance.strips import each_strip
from indistack.values.frame import FloatArray


def whiten(picture: FloatArray, share: FloatArray) -> None:
    """Let a picture whose colours are balanced go over to white, in place, where subs were clipped.

    Parameters
    ----------
    picture : array
        ``(h, w, 3)`` float32, changed: the colours come nearer to their brightest one. NaN stays NaN.
    share : array
        ``(h, w)`` float32, 0 to 1: how far; unchanged.
    """

    def mix(rows: slice) -> None:
        near = np.flatnonzero(share[rows])
        if len(near):
            flat = picture[rows].reshape(-1, 3)
            colours = flat[near]
            white = colours.max(axis=1, keepdims=True)
            flat[near] = colours + share[rows].reshape(-1, 1)[near] * (white - colours)

    each_strip(mix, picture)
