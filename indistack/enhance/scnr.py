"""Green cast: nothing in the sky is greener than the mean of its red and blue."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class ScnrSettings(Settings):
    """Arguments of ``scnr``."""

    amount: float = Field(default=1.0, ge=0, le=1)
    """Of the green that is too much is taken off."""


@OPERATORS.register("scnr")
class Scnr(Operator):
    """Takes off the green above the mean of red and blue: ``scnr:0.8``. Grey pictures pass unchanged."""

    settings: ClassVar[type[Settings]] = ScnrSettings
    balances_colour: ClassVar[bool] = True

    def __init__(self, settings: ScnrSettings = ScnrSettings()) -> None:  # noqa: B008 - frozen
        self._amount = np.float32(settings.amount)

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        result = picture.copy()
        if picture.ndim == 3:
            mean = (picture[..., 0] + picture[..., 2]) / 2
            result[..., 1] -= self._amount * np.maximum(picture[..., 1] - mean, 0)
        return result
