"""Contrast of each neighbourhood, on the brightness alone."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.brightness import with_brightness
from indistack.enhance.filled import FilledOperator
from indistack.enhance.sky import channel_mean
from indistack.settings import Settings
from indistack.values.frame import FloatArray

LEVELS = 65535


class ClaheSettings(Settings):
    """Arguments of ``clahe``."""

    limit: float = Field(default=2.0, gt=0, le=100)
    """Of the contrast: more strengthens noise, too."""

    tiles: int = Field(default=8, ge=1, le=64)
    """Neighbourhoods across the picture."""


@OPERATORS.register("clahe")
class Clahe(FilledOperator):
    """Adaptive, contrast-limited equalisation of a picture of 0 to 1, after a stretch: ``clahe:2,8``."""

    works_in: ClassVar[int] = 5

    settings: ClassVar[type[Settings]] = ClaheSettings

    def __init__(self, settings: ClaheSettings = ClaheSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        levels = np.rint(LEVELS * np.clip(channel_mean(pixels), 0, 1)).astype(np.uint16)
        tiles = self._settings.tiles if min(levels.shape) >= self._settings.tiles else 1
        made = cv2.createCLAHE(self._settings.limit, (tiles, tiles)).apply(levels)
        return with_brightness(pixels, np.asarray(made / LEVELS, np.float32))
