"""A curve through three points, as in every program for pictures."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray

STEPS = 4097
"""Of the table that the curve is read from."""


class CurvesSettings(Settings):
    """Arguments of ``curves``."""

    quarter: float = Field(default=0.2, ge=0, le=1)
    half: float = Field(default=0.5, ge=0, le=1)
    three_quarters: float = Field(default=0.8, ge=0, le=1)
    """What a brightness of 0.25, 0.5 and 0.75 becomes; 0 and 1 stay."""


@OPERATORS.register("curves")
class Curves(Operator):
    """A smooth curve on a picture of 0 to 1, after a stretch: ``curves:0.2,0.5,0.8`` gives more contrast."""

    works_in: ClassVar[int] = 4

    settings: ClassVar[type[Settings]] = CurvesSettings

    def __init__(self, settings: CurvesSettings = CurvesSettings()) -> None:  # noqa: B008 - frozen
        points = np.array([0, settings.quarter, settings.half, settings.three_quarters, 1.0])
        self._table = smooth_curve(points, np.linspace(0, 1, STEPS)).astype(np.float32)

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        return np.interp(picture, np.linspace(0, 1, STEPS), self._table).astype(np.float32)


def smooth_curve(heights: DoubleArray, x: DoubleArray) -> DoubleArray:
    """Return a curve through points at equal steps from 0 to 1 that never overshoots (Fritsch and Carlson 1980).

    Parameters
    ----------
    heights : array
        ``(n,)``, at least 2; unchanged.
    x : array
        Where the curve is asked for, 0 to 1; unchanged.

    Returns
    -------
    array
        Of the shape of `x`, new.
    """
    n = len(heights) - 1
    rise = np.diff(heights) * n
    before, after = rise[:-1], rise[1:]
    product = before * after
    inner = np.where(product > 0, 2 * product / np.where(product > 0, before + after, 1), 0)
    slope = np.concatenate([rise[:1], inner, rise[-1:]])
    cell = np.clip((x * n).astype(int), 0, n - 1)
    t = x * n - cell
    low, high = heights[cell], heights[cell + 1]
    bend = (slope[cell] * (1 - t) - slope[cell + 1] * t) / n + (high - low) * (2 * t - 1)
    return np.asarray(low + t * (high - low) + t * (1 - t) * bend, float)
