"""The part of a stack that is shown: where enough subs overlap."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from indistack.values.frame import CountArray, FloatArray

SIDE = 129
"""Rows and columns of the copy of the coverage in which the rectangle is looked for."""

LEAST_SHARE = 0.25
"""A rectangle that is a smaller part of the stack is no picture of it: the whole is shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a picture, in shares of its height and width; the same at any binning."""

    top: float = 0.0
    bottom: float = 1.0
    left: float = 0.0
    right: float = 1.0

    def of(self, picture: FloatArray) -> FloatArray:
        """Return that part of ``(h, w)`` or ``(h, w, c)``, a view of one pixel at least."""
        height, width = picture.shape[:2]
        top, left = round(self.top * height), round(self.left * width)
        return picture[top : max(round(self.bottom * height), top + 1), left : max(round(self.right * width), left + 1)]

    def common(self, other: Part) -> Part:
        """Return what lies in both; the whole where that is nothing."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        left, right = max(self.left, other.left), min(self.right, other.right)
        return Part(top, bottom, left, right) if top < bottom and left < right else WHOLE


WHOLE = Part()


def well_covered(coverage: CountArray, share: float) -> Part:
    """Return the largest rectangle that enough subs cover.

    Parameters
    ----------
    coverage : array
        ``(h, w)``, subs that reached each pixel; unchanged. Single pixels with less, as hot ones, do not count.
    share : float
        Of the greatest coverage; 0 shows all.
    """
    height, width = coverage.shape
    rows, columns = (np.linspace(0, size - 1, min(size, SIDE)).astype(int) for size in (height, width))
    small = coverage[np.ix_(rows, columns)]
    enough = (small >= share * small.max()).astype(np.uint8)
    enough = cv2.morphologyEx(enough, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    if enough.all():
        return WHOLE
    top, bottom, left, right = _largest_rectangle(enough)
    if (bottom - top) * (right - left) < LEAST_SHARE * enough.size:
        return WHOLE
    return Part(
        rows[top] / height, (rows[bottom - 1] + 1) / height, columns[left] / width, (columns[right - 1] + 1) / width
    )


def _largest_rectangle(inside: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of the largest rectangle that is all true; the ends are excluded."""
    best, found = 0, (0, 0, 0, 0)
    heights = np.zeros(inside.shape[1] + 1, int)  # of the columns that end in this row; a last one of 0 ends all
    for bottom, row in enumerate(inside, start=1):
        heights[:-1] = (heights[:-1] + 1) * row
        open_from: list[tuple[int, int]] = []
        for column, height in enumerate(heights.tolist()):
            left = column
            while open_from and open_from[-1][1] >= height:
                left, tall = open_from.pop()
                if tall * (column - left) > best:
                    best, found = tall * (column - left), (bottom - tall, bottom, left, column)
            open_from.append((left, height))
    return found
