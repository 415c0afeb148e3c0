"""The grid that subs are laid on, and a sub with its place on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.values.frame import CalibratedFrame, DoubleArray
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Transform

Box = tuple[slice, slice]
"""Rows and columns of a part of a grid or a frame."""

STEP_PX = 256
"""A grid grows in such steps: not for every pixel of drift."""


@dataclass(frozen=True, slots=True)
class StackGrid:
    """The stack's grid of pixels.

    Attributes
    ----------
    height, width : int
        Its size (px).
    matrix : array
        ``(3, 3)`` float64, affine: reference ``(x, y, 1)`` -> grid ``(x, y, 1)``.
    """

    height: int
    width: int
    matrix: DoubleArray

    @staticmethod
    def over(height: int, width: int, scale: float = 1.0) -> StackGrid:
        """Cover a reference of that size (px) with pixels of 1 / `scale` px; scale is 0.25, 0.5, 1 or 2."""
        return StackGrid(int(height * scale), int(width * scale), _scaling(scale))

    def binned(self, factor: int) -> StackGrid:
        """Return the grid whose pixels are blocks of `factor` x `factor` of this one's, without a rest at the end."""
        return StackGrid(self.height // factor, self.width // factor, _scaling(1 / factor) @ self.matrix)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def reaching(self, transform: Transform, width: int, height: int) -> StackGrid:
        """Return a grid that also holds a frame of that size (px): this one if it does, else one that grew.

        It grows in steps of 256 px, and by whole pixels, so that what is on it stays as it is.
        """
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float64)
        reached = self.place(transform).apply(corners)
        left, top = (_steps(-px) for px in reached.min(axis=0))
        right, bottom = (_steps(px) for px in reached.max(axis=0) + 1 - (self.width, self.height))
        if left == top == right == bottom == 0:
            return self
        moved = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]]) @ self.matrix
        return StackGrid(self.height + top + bottom, self.width + left + right, moved)

    def place(self, transform: Transform) -> Transform:
        """Return the way from a frame to the grid, given that to the reference."""
        return transform.followed_by(self.matrix)


@dataclass(frozen=True, slots=True)
class PlacedSub:
    """A sub whose place and light in the stack are known.

    Attributes
    ----------
    frame : CalibratedFrame
        The sub.
    transform : Transform
        Frame -> reference.
    match : PhotometricMatch
        What brings its ADU to the reference's.
    weight : float
        What it counts, above 0.
    number : int
        Of its line in the ledger; 0 where there is none.
    """

    frame: CalibratedFrame
    transform: Transform
    match: PhotometricMatch = PhotometricMatch()  # noqa: RUF009 - frozen
    weight: float = 1.0
    number: int = 0

    @property
    def exposure_s(self) -> float:
        """What it adds to the stack's exposure; 0 where the header does not say."""
        return self.frame.info.exposure_s or 0.0


def _scaling(scale: float) -> DoubleArray:
    """``(3, 3)``: pixels -> pixels of 1 / `scale` px, the centre of the first one of each being (0, 0)."""
    shift = (scale - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1.0]])


def shape_of(box: Box) -> tuple[int, int]:
    """Height and width of a box."""
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def grown(box: Box, times: int) -> Box:
    """Return the same box on a grid of so many pixels for each."""
    return slice(times * box[0].start, times * box[0].stop), slice(times * box[1].start, times * box[1].stop)


def _steps(px: float) -> int:
    """Smallest number of whole steps, in px, that reach so far."""
    return max(0, math.ceil(px / STEP_PX)) * STEP_PX
