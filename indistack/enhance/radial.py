"""Radial sharpening after Larson and Sekanina (1984): jets and shells in the coma of a comet."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator
from indistack.enhance.sky import channel_mean
from indistack.settings import Settings
from indistack.values.frame import FloatArray

BLUR_PX = 3.0
"""Of the copy whose brightest place is the nucleus, where nobody tells it."""


class RadialSettings(Settings):
    """Arguments of ``radial``."""

    angle_deg: float = Field(default=10.0, ge=0, le=180)
    """The picture is turned so far to both sides."""

    shift_px: float = Field(default=0.0, ge=-100, le=100)
    """And moved outwards so far."""

    x: float | None = None
    y: float | None = None
    """The nucleus, in pixels of the picture; by default its brightest place."""


@OPERATORS.register("radial")
class Radial(FilledOperator):
    """Twice the picture less two that are turned about the nucleus (Larson-Sekanina): ``radial:12,1``."""

    works_in: ClassVar[int] = 11

    settings: ClassVar[type[Settings]] = RadialSettings

    def __init__(self, settings: RadialSettings = RadialSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        x, y = self._nucleus(pixels)
        down, across = np.indices(pixels.shape[:2]).astype(np.float32)
        radius, angle = np.hypot(across - x, down - y), np.arctan2(down - y, across - x)
        radius = np.maximum(radius - np.float32(self._settings.shift_px), 0)
        result = 2 * pixels
        for turn in (-self._settings.angle_deg, self._settings.angle_deg):
            turned = angle + np.float32(np.radians(turn))
            places = x + radius * np.cos(turned), y + radius * np.sin(turned)
            result -= cv2.remap(pixels, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return result

    def _nucleus(self, pixels: FloatArray) -> tuple[np.float32, np.float32]:
        _, _, _, (x, y) = cv2.minMaxLoc(cv2.GaussianBlur(channel_mean(pixels), (0, 0), BLUR_PX))
        said = self._settings
        return np.float32(x if said.x is None else said.x), np.float32(y if said.y is None else said.y)
