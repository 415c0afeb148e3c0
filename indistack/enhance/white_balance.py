"""White by numbers: those of the camera, or of whoever looks at the picture."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class WhiteBalanceSettings(Settings):
    """Arguments of ``white_balance``."""

    red: float = Field(default=1.0, gt=0, le=16)
    green: float = Field(default=1.0, gt=0, le=16)
    blue: float = Field(default=1.0, gt=0, le=16)
    """What each colour is multiplied by."""


@OPERATORS.register("white_balance")
class WhiteBalance(Operator):
    """Multiplies the colours: ``white_balance:2.1,1,1.5``. Grey pictures pass unchanged."""

    settings: ClassVar[type[Settings]] = WhiteBalanceSettings
    balances_colour: ClassVar[bool] = True
    whitens: ClassVar[bool] = True

    def __init__(self, settings: WhiteBalanceSettings = WhiteBalanceSettings()) -> None:  # noqa: B008 - frozen
        self._gains = np.array([settings.red, settings.green, settings.blue], np.float32)

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        return picture.copy() if picture.ndim == 2 else picture * self._gains
