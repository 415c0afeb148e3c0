"""One colour less another: what halo observers look for, as ice crystals part the colours."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray

LEAST, MOST, USUAL = 1.5, 2.5, 2.0
"""The factor is measured where it lies between the first two; where it does so nowhere it is the last."""


class DifferenceSettings(Settings):
    """Arguments of ``br``, ``gr`` and ``bg``."""

    factor: float | None = Field(default=None, gt=0)
    """What the first colour is multiplied by; by default found in the picture."""


class Difference(Operator):
    """A multiple of one colour less another, as a grey picture. Grey pictures pass unchanged.

    Attributes
    ----------
    more, less : int
        Channel that is multiplied, and channel that is subtracted.
    """

    settings: ClassVar[type[Settings]] = DifferenceSettings
    reshapes: ClassVar[bool] = True
    more: ClassVar[int]
    less: ClassVar[int]

    def __init__(self, settings: DifferenceSettings = DifferenceSettings()) -> None:  # noqa: B008 - frozen
        self._factor = settings.factor

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if picture.ndim == 2:
            return picture.copy()
        more, less = picture[..., self.more].astype(float), picture[..., self.less].astype(float)
        factor = _factor(more, less) if self._factor is None else self._factor
        return np.asarray(factor * more - less, np.float32)


def _factor(first: DoubleArray, second: DoubleArray) -> float:
    """Mean of the second over the first, where that is about two; NaN is left out."""
    alike = (first > 0) & (second > LEAST * first) & (second < MOST * first)
    return float(np.mean(second[alike] / first[alike])) if alike.any() else USUAL


@OPERATORS.register("br")
class BlueLessRed(Difference):
    """A multiple of blue less red, in grey: ``br:1.7``; without a factor it is found in the picture."""

    more, less = 2, 0


@OPERATORS.register("gr")
class GreenLessRed(Difference):
    """A multiple of green less red, in grey: ``gr:1.7``; without a factor it is found in the picture."""

    more, less = 1, 0


@OPERATORS.register("bg")
class BlueLessGreen(Difference):
    """A multiple of blue less green, in grey: ``bg:1.7``; without a factor it is found in the picture."""

    more, less = 2, 1
