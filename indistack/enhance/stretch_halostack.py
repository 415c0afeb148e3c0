"""The stretch of halostack: what is darker than most and brighter than most is cut off."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator
from indistack.settings import Settings
from indistack.values.frame import FloatArray

BINS = 65535
"""Of the histogram of brightness."""


class StretchHalostackSettings(Settings):
    """Arguments of ``stretch_halostack``."""

    low: float = Field(default=0.01, ge=0, lt=1)
    """Share of the pixels that become black."""

    high: float | None = Field(default=None, gt=0, le=1)
    """Share of the pixels that do not become white; by default as many become white as black."""


@OPERATORS.register("stretch_halostack")
class StretchHalostack(FilledOperator):
    """Lowers the least value to 0 and clips at two points of the histogram of brightness; the values keep their scale.

    ``stretch_halostack:0.01,0.99``.
    """

    works_in: ClassVar[int] = 6

    settings: ClassVar[type[Settings]] = StretchHalostackSettings

    def __init__(self, settings: StretchHalostackSettings = StretchHalostackSettings()) -> None:  # noqa: B008 - frozen
        self._low = settings.low
        self._high = 1 - settings.low if settings.high is None else settings.high

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        raised = pixels.astype(float) - float(pixels.min())
        counts, _ = np.histogram((raised if raised.ndim == 2 else raised.mean(axis=2)), BINS)
        passed = np.cumsum(counts) / counts.sum()
        lowest = int(np.argmax(passed >= self._low)) + 1
        highest = BINS - 2 - int(np.argmax(passed[::-1] < self._high))
        unit = float(raised.max()) / BINS
        return np.asarray(np.clip(raised, lowest * unit, max(highest, lowest) * unit), np.float32)
