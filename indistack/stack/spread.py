"""Weighted mean and variance of the values that several subs have at each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from indistack.stack.layers import how_many
from indistack.system.workers import Scratch
from indistack.values.frame import FloatArray

TINY = 1e-30
"""Instead of a weight of 0 by which is divided."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How values spread.

    Attributes
    ----------
    total : array
        ``(h, w)`` float32: sum of the weights.
    mean : array
        The same: weighted mean (ADU); 0 where there is nothing.
    variance : array
        The same: of a value of weight 1 (ADU^2); 0 where there is one value or none.
    """

    total: FloatArray
    mean: FloatArray
    variance: FloatArray


def spread(values: FloatArray, weights: FloatArray, scratch: Scratch) -> Spread:
    """Find the weighted mean and the variance of each pixel's values.

    Parameters
    ----------
    values, weights : array
        ``(n, h, w)`` float32; values are finite, also where the weight is 0.
    scratch : Scratch
        Buffers of this thread.

    Returns
    -------
    Spread
        Valid until the next call.
    """
    total, mean, variance, room = (
        scratch(name, values.shape[1:], np.float32) for name in ("sum", "mean", "var", "room")
    )
    total[:], mean[:], variance[:] = 0, 0, 0
    for value, weight in zip(values, weights, strict=True):
        total += weight
        cv2.accumulateProduct(value, weight, mean)
    np.copyto(room, total)
    mean /= raised(room, TINY)
    for value, weight in zip(values, weights, strict=True):
        np.subtract(value, mean, out=room)
        room *= room
        cv2.accumulateProduct(room, weight, variance)
    np.maximum(how_many(weights > 0), 2, out=room)
    room -= 1
    variance /= room
    return Spread(total, mean, variance)


def raised(plane: FloatArray, least: float) -> FloatArray:
    """Raise what is less to a value, in place; NaN stays.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, changed in place.
    least : float
        In the plane's unit. It is taken as a row: NumPy compares with one number at less than half the
        speed.

    Returns
    -------
    array
        The plane.
    """
    return np.maximum(plane, np.full(plane.shape[-1], least, np.float32), out=plane)
