"""A polynomial sky, fitted to points of the picture and taken off."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, channels_of
from indistack.enhance.filled import FilledOperator
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray


class PolygradSettings(Settings):
    """Arguments of ``polygrad``."""

    order: int = Field(default=2, ge=0, le=8)
    """Greatest sum of the powers of x and y."""

    points: int = Field(default=100, ge=4, le=100_000)
    """About so many, on a regular grid, are looked at; each is the median of what lies around it."""


@OPERATORS.register("polygrad")
class Polygrad(FilledOperator):
    """A polynomial of x and y, taken off channel by channel: ``polygrad:2``."""

    works_in: ClassVar[int] = 6

    settings: ClassVar[type[Settings]] = PolygradSettings

    def __init__(self, settings: PolygradSettings = PolygradSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        planes = channels_of(pixels)
        height, width = planes.shape[:2]
        cell = max(1, round((height * width / self._settings.points) ** 0.5))
        tops, lefts = range(0, height, cell), range(0, width, cell)
        boxes = [planes[top : top + cell, left : left + cell] for top in tops for left in lefts]
        levels = np.array([np.median(box, axis=(0, 1)) for box in boxes])
        y, x = np.meshgrid(_places(height, cell), _places(width, cell), indexing="ij")
        fit = np.linalg.lstsq(self._powers(y.ravel(), x.ravel()), levels, rcond=None)[0]
        rows, columns = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
        sky = np.stack([self._powers(np.full(width, row), columns) @ fit for row in rows])
        return np.asarray((planes - sky).reshape(pixels.shape), np.float32)

    def _powers(self, y: DoubleArray, x: DoubleArray) -> DoubleArray:
        order = self._settings.order
        return np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], axis=1)


def _places(size: int, cell: int) -> DoubleArray:
    """Return the middles of the cells along a side that runs from -1 to 1."""
    begins = np.arange(0, size, cell)
    middles = (begins + np.minimum(begins + cell, size) - 1) / 2
    return np.asarray(2 * middles / max(size - 1, 1) - 1, float)
