"""A power law."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class GammaSettings(Settings):
    """Arguments of ``gamma``."""

    power: float = Field(default=0.5, gt=0, le=10)
    """Below 1 brightens."""


@OPERATORS.register("gamma")
class Gamma(FilledOperator):
    """A power of the share of the greatest value: ``gamma:0.5`` brightens what is dark; negative values become 0."""

    works_in: ClassVar[int] = 6

    settings: ClassVar[type[Settings]] = GammaSettings
    shows: ClassVar[bool] = True

    def __init__(self, settings: GammaSettings = GammaSettings()) -> None:  # noqa: B008 - frozen
        self._power = settings.power

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        most = float(pixels.max())
        shares = np.maximum(pixels.astype(float) / most, 0) if most > 0 else np.zeros(pixels.shape)
        return np.asarray(shares**self._power, np.float32)
