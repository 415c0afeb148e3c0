"""A picture in strips of rows, whose temporaries stay in the processor's cache, shared among a few threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np

from indistack.system.workers import shared_workers
from indistack.values.frame import FloatArray

R = TypeVar("R")

STRIP_ROWS = 16


def each_strip(function: Callable[[slice], R], picture: FloatArray) -> list[R]:
    """Apply a function to the rows of each strip, several at a time; return what it returns, from the top down.

    Parameters
    ----------
    function : callable
        Given the rows; it must not change what another strip needs.
    picture : array
        ``(h, w)`` or ``(h, w, 3)``; only its height counts.
    """
    return shared_workers().strips(function, picture.shape[0], STRIP_ROWS)


def planes_of(strip: FloatArray) -> list[FloatArray]:
    """Return the three planes ``(h, w)`` of a strip ``(h, w, 3)``, to be written to.

    Into arrays of ours, which is many times faster: they are valid until this thread asks again.
    """
    planes = list(shared_workers().scratch("planes", (3, *strip.shape[:2]), np.float32))
    cv2.split(strip, planes)
    return planes
