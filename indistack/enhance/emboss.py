"""A picture as a surface that is lit from the side."""

from __future__ import annotations

import math
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, channels_of
from indistack.enhance.filled import FilledOperator, full_scale
from indistack.settings import Settings
from indistack.values.frame import FloatArray

LUMINANCE = np.array([0.212656, 0.715158, 0.072186])
"""Shares of red, green and blue in brightness (ITU-R BT.709)."""

HEIGHT = 2.0
"""Of the normal vector, where full scale is 1."""


class EmbossSettings(Settings):
    """Arguments of ``emboss``."""

    azimuth_deg: float = 90.0
    """Where the light comes from: 0 is the right, 90 the bottom of the stored picture."""

    elevation_deg: float = Field(default=10.0, ge=-90, le=90)
    """How high the light stands."""


@OPERATORS.register("emboss")
class Emboss(FilledOperator):
    """Shades the picture as a surface, its brightness being the height: ``emboss:90,10``."""

    works_in: ClassVar[int] = 13

    settings: ClassVar[type[Settings]] = EmbossSettings

    def __init__(self, settings: EmbossSettings = EmbossSettings()) -> None:  # noqa: B008 - frozen
        azimuth, elevation = math.radians(settings.azimuth_deg), math.radians(settings.elevation_deg)
        flat = math.cos(elevation)
        self._light = flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        bright = pixels if pixels.ndim == 2 else pixels @ LUMINANCE
        surface = np.pad(bright.astype(float) / full_scale(pixels), 1, mode="edge")
        edge = np.array([[1.0, 0.0, -1.0]] * 3)
        across, down = (cv2.filter2D(surface, -1, kernel)[1:-1, 1:-1] for kernel in (edge, -edge.T))
        x, y, z = self._light
        length = np.sqrt(across**2 + down**2 + HEIGHT**2)
        shade = np.maximum(across * x + down * y + HEIGHT * z, 0) / length
        shade[(across == 0) & (down == 0)] = z
        return np.asarray((channels_of(pixels) * shade[..., np.newaxis]).reshape(pixels.shape), np.float32)
