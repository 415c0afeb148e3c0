"""One transform after another."""

from __future__ import annotations

import math

import numpy as np

from indistack.values.frame import DoubleArray
from indistack.values.transform import Bend, Transform

GRID = 7


def chained(step: Transform, before: Transform, width: int, height: int) -> Transform:
    """Return the transform that does `step` and then `before`.

    Its rms and its errors are those of both together; where one is bent, the whole is fitted to the mapped places of a
    grid over the sub.

    Parameters
    ----------
    step : Transform
        Sub -> the sub before.
    before : Transform
        The sub before -> reference.
    width, height : int
        Size of the sub (px).
    """
    matrix, bend = before.matrix @ step.matrix, None
    if step.bend is not None or before.bend is not None:
        matrix, bend = _fitted(step, before, width, height)
    return Transform(
        matrix,
        step.matched,
        math.hypot(step.rms_px, before.rms_px),
        bend,
        _together(step.error_px, before.error_px),
        _together(step.corner_error_px, before.corner_error_px),
        score=step.score,
    )


def _fitted(step: Transform, before: Transform, width: int, height: int) -> tuple[DoubleArray, Bend]:
    """An affine map and terms of second degree that map a grid as the two transforms do."""
    x, y = np.meshgrid(np.linspace(0, width - 1, GRID), np.linspace(0, height - 1, GRID))
    points = np.column_stack([x.ravel(), y.ravel()])
    centre = ((width - 1) / 2, (height - 1) / 2)
    reach = math.hypot(*centre)
    u, v = ((points - centre) / reach).T
    design = np.column_stack([points, np.ones(len(points)), u * u, u * v, v * v])
    terms = np.linalg.lstsq(design, before.apply(step.apply(points)), rcond=None)[0].T
    matrix = np.vstack([terms[:, :3], [0.0, 0.0, 1.0]])
    return matrix, Bend(centre, reach, terms[:, 3:])


def _together(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else math.hypot(one, other)
