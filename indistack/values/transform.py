"""The map from a sub's pixels to the reference's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from indistack.values.frame import DoubleArray

BACK_ROUNDS, BACK_PX = 20, 1e-6
"""A bend changes by a few hundredths of the step at most, so that each round gains more than a digit."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Terms of second degree, which a wide lens adds to a transform.

    With ``u = (x - centre_x) / reach`` and v likewise it adds ``coefficients @ (u^2, u v, v^2)``.

    Attributes
    ----------
    centre_px : (float, float)
        Middle of the stars that it was fitted to, in the sub.
    reach_px : float
        Their largest distance from it: u and v stay within -1 and 1.
    coefficients : array
        ``(2, 3)`` float64, px of the reference.
    """

    centre_px: tuple[float, float]
    reach_px: float
    coefficients: DoubleArray

    def at(self, xy: DoubleArray) -> DoubleArray:
        """What is added at ``(n, 2)`` points of the sub, ``(n, 2)`` px of the reference."""
        u, v = ((xy - self.centre_px) / self.reach_px).T
        added: DoubleArray = np.column_stack([u * u, u * v, v * v]) @ self.coefficients.T
        return added


@dataclass(frozen=True, slots=True)
class Transform:
    """A map from a sub's pixels to the reference's: projective, and bent where a lens demands it.

    Attributes
    ----------
    matrix : array
        ``(3, 3)`` float64, sub ``(x, y, 1)`` -> reference ``(x, y, 1)``.
    matched : int
        Stars that agree with it.
    rms_px : float
        Their root mean square residual, in reference pixels.
    bend : Bend or None
        What is added to the projected place.
    error_px, corner_error_px : float or None
        Standard deviation of the mapped place (length of the error, both axes) of the sub's centre and of its worst
        corner, from the covariance of the fit; None where the way of aligning does not tell.
    score : float or None
        How well the pictures agree, as Pearson's r; None where stars are compared.
    """

    matrix: DoubleArray
    matched: int = 0
    rms_px: float = 0.0
    bend: Bend | None = None
    error_px: float | None = None
    corner_error_px: float | None = None
    score: float | None = None

    @staticmethod
    def identity() -> Transform:
        """The map of the reference on itself."""
        return Transform(np.eye(3))

    def apply(self, xy: DoubleArray) -> DoubleArray:
        """Map ``(n, 2)`` points of the sub to the reference."""
        points = np.asarray(xy, dtype=np.float64)
        mapped = _project(self.matrix, points)
        return mapped if self.bend is None else mapped + self.bend.at(points)

    def back(self, xy: DoubleArray) -> DoubleArray:
        """Map ``(n, 2)`` points of the reference to the sub; where the map is bent, to 1e-6 px by iteration."""
        targets = np.asarray(xy, dtype=np.float64)
        inverse = np.linalg.inv(self.matrix).astype(np.float64)
        points = _project(inverse, targets)
        if self.bend is None:
            return points
        for _ in range(BACK_ROUNDS):
            points, before = _project(inverse, targets - self.bend.at(points)), points
            if np.abs(points - before).max(initial=0.0) < BACK_PX:
                break
        return points

    def followed_by(self, affine: DoubleArray) -> Transform:
        """Return this map with a ``(3, 3)`` affine one after it; what is known of its errors stays in its own px."""
        bend = self.bend
        if bend is not None:
            bend = replace(bend, coefficients=affine[:2, :2] @ bend.coefficients)
        return replace(self, matrix=affine @ self.matrix, bend=bend)

    @property
    def rotation_deg(self) -> float:
        """Rotation from the sub to the reference, -180 to 180."""
        return math.degrees(math.atan2(self.matrix[1, 0], self.matrix[0, 0]))

    def centre_shift_px(self, width: int, height: int) -> tuple[float, float]:
        """Where the sub's centre lands in the reference, less that centre: (dx, dy)."""
        centre = np.array([[(width - 1) / 2, (height - 1) / 2]])
        dx, dy = (self.apply(centre) - centre)[0]
        return float(dx), float(dy)


def _project(matrix: DoubleArray, points: DoubleArray) -> DoubleArray:
    mapped: DoubleArray = points @ matrix[:2, :2].T + matrix[:2, 2]
    if matrix[2, 0] or matrix[2, 1] or matrix[2, 2] != 1:
        mapped /= (points @ matrix[2, :2] + matrix[2, 2])[:, np.newaxis]
    return mapped
