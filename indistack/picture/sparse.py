"""Pixels whose colours come from different subs: what drizzle has not reached is filled from the drops around."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from indistack.picture.integration import Integration
from indistack.picture.linear import STRIP_ROWS, StackPicture
from indistack.values.frame import FloatArray

REACH_PX = 3
"""At scale 2, one sub drops red on one pixel of 4 x 4: within 3 px each way there always is one."""

LEAST_SHARE = 0.5 / (2 * REACH_PX + 1) ** 2
"""Of the pixels around, which less than one is for certain."""


def filled(pixels: FloatArray, weight: FloatArray) -> FloatArray:
    """Fill colours that have no weight with the weighted mean of the same colour around.

    Parameters
    ----------
    pixels : array
        ``(height, width, 3)`` float32, ADU; meaningless where the weight is 0. Unchanged.
    weight : array
        ``(height, width, 3)`` float32, 0 where nothing fell.

    Returns
    -------
    array
        ``(height, width, 3)`` float32, new; all three NaN where one of them has nothing within 3 px.
    """
    known = weight > 0
    if known.all():
        return pixels.copy()
    window = (2 * REACH_PX + 1, 2 * REACH_PX + 1)
    sums, weights, share = (
        cv2.blur(plane, window, borderType=cv2.BORDER_CONSTANT)
        for plane in (np.where(known, pixels * weight, np.float32(0)), weight, known.astype(np.float32))
    )
    near = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=share > LEAST_SHARE)
    whole = np.where(known, pixels, near)
    whole[~np.isfinite(whole).all(axis=2)] = np.nan
    return whole


@dataclass(frozen=True, slots=True)
class SparsePicture(StackPicture):
    """The picture of a stack in which every colour has weights of its own ``(height, width, 3)``; see `filled`."""

    def rows(self, rows: slice) -> FloatArray:
        """See `indistack.picture.linear.LinearPicture`."""
        start, stop, step = rows.indices(self.shape[0])
        starts = range(start, stop, step * STRIP_ROWS)
        parts = [self._strip(top, min(stop, top + step * STRIP_ROWS), step) for top in starts]
        return np.concatenate(parts) if parts else np.empty((0, *self.shape[1:]), np.float32)

    def _strip(self, top: int, bottom: int, step: int) -> FloatArray:
        """Every so many rows of some, with the help of those around."""
        assert self.weight is not None
        begin = max(0, top - REACH_PX)
        around = slice(begin, bottom + REACH_PX)
        whole = filled(self.pixels[around].astype(np.float32, copy=False), self.weight[around])
        return whole[top - begin : bottom - begin : step]


def picture_of(stack: Integration) -> StackPicture:
    """Return the picture of a stack."""
    kind = StackPicture if stack.weight.ndim == 2 else SparsePicture
    return kind(stack.pixels, stack.weight)
