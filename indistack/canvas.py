"""The grid that subs are laid on, and a sub with its place on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.frame import CalibratedFrame, DoubleArray, Match, Transform


@dataclass(frozen=True, slots=True)
class Canvas:
    """The stack's grid of pixels.

    Attributes
    ----------
    height, width : int
        Its size (px).
    matrix : array
        ``(3, 3)`` float64, affine: reference ``(x, y, 1)`` -> canvas ``(x, y, 1)``.
    """

    height: int
    width: int
    matrix: DoubleArray

    @staticmethod
    def over(height: int, width: int, scale: float = 1.0) -> Canvas:
        """Cover a reference of that size (px) with pixels of 1 / `scale` px; scale is 0.5, 1 or 2."""
        shift = (scale - 1) / 2
        matrix = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1.0]])
        return Canvas(int(height * scale), int(width * scale), matrix)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def place(self, transform: Transform) -> Transform:
        """Return the way from a frame to the canvas, given that to the reference."""
        return transform.followed_by(self.matrix)


@dataclass(frozen=True, slots=True)
class Placed:
    """A sub whose place and light in the stack are known.

    Attributes
    ----------
    frame : CalibratedFrame
        The sub.
    transform : Transform
        Frame -> reference.
    match : Match
        What brings its ADU to the reference's.
    weight : float
        What it counts, above 0.
    """

    frame: CalibratedFrame
    transform: Transform
    match: Match = Match()  # noqa: RUF009 - frozen
    weight: float = 1.0

    @property
    def exposure_s(self) -> float:
        """What it adds to the stack's exposure; 0 where the header does not say."""
        return self.frame.info.exposure_s or 0.0
