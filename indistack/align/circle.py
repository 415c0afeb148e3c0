"""A circle, and the fit of one to points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import robust_sigma
from indistack.values.frame import BoolArray, DoubleArray


@dataclass(frozen=True, slots=True)
class Circle:
    """A limb.

    Attributes
    ----------
    x, y, radius : float
        In the plane's pixels.
    rms : float
        Scatter of the limb around it (px).
    arc_deg : float
        How much of it is seen.
    """

    x: float
    y: float
    radius: float
    rms: float
    arc_deg: float


def fit_circle(
    points: DoubleArray, start: Circle, radius: float | None
) -> tuple[tuple[float, float, float], DoubleArray, BoolArray]:
    """Fit a circle to points, leaving out the outliers; the centre alone where the radius is known.

    Gauss-Newton on the distances, points beyond three robust standard deviations left out in every round.

    Parameters
    ----------
    points : array
        ``(n, 2)`` float64, px; unchanged.
    start : Circle
        A guess.
    radius : float or None
        The radius (px), where it is known.

    Returns
    -------
    solution : (float, float, float)
        x, y and radius (px).
    residual : array
        ``(n,)`` float64, px, distance of each point from the circle.
    used : array
        ``(n,)`` bool, False for outliers.
    """
    solution = np.array([start.x, start.y, start.radius])
    used = np.ones(len(points), bool)
    free = 3 if radius is None else 2
    for _ in range(12):
        residual, design = _residuals(points, solution)
        middle = 0.0 if radius is not None else float(np.median(residual))
        spread = max(robust_sigma(residual, middle), 0.05)
        used = np.abs(residual - middle) < 3 * spread
        solution[:free] -= np.linalg.lstsq(design[used][:, :free], residual[used], rcond=None)[0]
    residual, _ = _residuals(points, solution)
    return (float(solution[0]), float(solution[1]), float(solution[2])), residual, used


def _residuals(points: DoubleArray, solution: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Distances from the circle, and their derivatives by x, y and radius."""
    away = points - solution[:2]
    distance = np.maximum(np.hypot(*away.T), 1e-9)
    return distance - solution[2], np.column_stack([-away / distance[:, None], -np.ones(len(points))])
