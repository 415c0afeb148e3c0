"""Where subs were clipped, told in cells of a few pixels."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.values.frame import FloatArray

CELL_PX = 4
"""Side of a cell in pixels of the stack: a sixteenth of the memory, and finer than a picture of the live size."""


def enlarged(cells: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return a map of cells at the pixels of a stack, or of one that is binned by a whole number.

    Parameters
    ----------
    cells : array
        ``(rows, columns)`` float32; unchanged.
    shape : tuple of int
        Height and width of that.

    Returns
    -------
    array
        ``(h, w)`` float32, linear between the middles of the cells.
    """
    longer = int(shape[1] > shape[0])
    step = max(1, round(CELL_PX * cells.shape[longer] / shape[longer])) / CELL_PX
    start = (step - 1) / 2
    matrix = np.array([[step, 0, start], [0, step, start]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = shape[1], shape[0]
    return np.asarray(cv2.warpAffine(cells, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
