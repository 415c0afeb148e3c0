"""The top of a parabola through three values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from indistack.values.frame import DoubleArray


def parabola_top(before: npt.ArrayLike, at: npt.ArrayLike, after: npt.ArrayLike) -> DoubleArray:
    """Find where the parabola through values at -1, 0 and 1 is highest, within half a step of the middle one.

    Parameters
    ----------
    before, at, after : float or array
        Values of any shapes that broadcast; unchanged. Differences are taken in their own dtype.

    Returns
    -------
    array
        Of their common shape, new, -0.5 to 0.5: the vertex where the parabola opens downwards, else the half step
        towards the higher neighbour; 0 where all three are equal, NaN where one is NaN.
    """
    rise: Any = np.subtract(before, after)
    bend = np.subtract(before, 2 * np.asarray(at)) + after
    valley = bend >= 0
    step = np.where(valley, -np.sign(rise), 0.5 * rise / np.where(valley, -1.0, bend))
    top: DoubleArray = np.clip(step, -0.5, 0.5)
    return top
