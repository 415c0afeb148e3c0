"""Stretches by two numbers: linear between percentiles, logarithmic, and by an inverse hyperbolic sine."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, sample
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class PercentileSettings(Settings):
    """Arguments of ``percentile``."""

    low: float = Field(default=1.0, ge=0, lt=100)
    high: float = Field(default=99.8, gt=0, le=100)
    """Percentage of the pixels below black, and below white."""


class LogSettings(Settings):
    """Arguments of ``log``."""

    strength: float = Field(default=1000.0, gt=0)
    """More brightens what is dark."""

    low: float = Field(default=1.0, ge=0, lt=100)
    high: float = Field(default=99.99, gt=0, le=100)
    """Percentage of the pixels below black, and below white."""


class AsinhSettings(Settings):
    """Arguments of ``asinh``."""

    strength: float = Field(default=100.0, gt=0)
    """More brightens what is dark."""

    low: float = Field(default=1.0, ge=0, lt=100)
    high: float = Field(default=99.99, gt=0, le=100)
    """Percentage of the pixels below black, and below white."""


class Between(MeasuringOperator):
    """A curve between two percentiles of the picture, one for all channels."""

    works_in: ClassVar[int] = 3

    eased = (True, True)
    shows = True
    low: float
    high: float

    def measure(self, picture: FloatArray) -> Measures:
        """Return black and white."""
        pixels = sample(picture)
        if len(pixels) == 0:
            return ()
        low, high = np.percentile(pixels, (self.low, max(self.high, self.low)))
        return np.array([low], np.float32), np.array([high], np.float32)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        black, white = (part[0] for part in measures)
        return self.curve(np.clip((picture - black) / max(white - black, np.float32(1e-9)), 0, 1))

    def curve(self, x: FloatArray) -> FloatArray:
        """Return brightness 0 to 1 of light 0 to 1.

        Parameters
        ----------
        x : array
            Of any shape, float32, 0 to 1 or NaN; unchanged.

        Returns
        -------
        array
            Of the same shape.
        """
        return x


@OPERATORS.register("percentile")
class Percentile(Between):
    """Linear between two percentiles: ``percentile:1,99.8``."""

    settings: ClassVar[type[Settings]] = PercentileSettings

    def __init__(self, settings: PercentileSettings = PercentileSettings()) -> None:  # noqa: B008 - frozen
        self.low, self.high = settings.low, settings.high


@OPERATORS.register("log")
class Log(Between):
    """Logarithmic between two percentiles: ``log:1000``."""

    settings: ClassVar[type[Settings]] = LogSettings

    def __init__(self, settings: LogSettings = LogSettings()) -> None:  # noqa: B008 - frozen
        self.low, self.high, self._strength = settings.low, settings.high, np.float32(settings.strength)

    def curve(self, x: FloatArray) -> FloatArray:
        """See `Between`."""
        return np.asarray(np.log1p(self._strength * x) / np.log1p(self._strength), np.float32)


@OPERATORS.register("asinh")
class Asinh(Between):
    """An inverse hyperbolic sine between two percentiles: ``asinh:100``."""

    settings: ClassVar[type[Settings]] = AsinhSettings

    def __init__(self, settings: AsinhSettings = AsinhSettings()) -> None:  # noqa: B008 - frozen
        self.low, self.high, self._strength = settings.low, settings.high, np.float32(settings.strength)

    def curve(self, x: FloatArray) -> FloatArray:
        """See `Between`."""
        return np.asarray(np.arcsinh(self._strength * x) / np.arcsinh(self._strength), np.float32)
