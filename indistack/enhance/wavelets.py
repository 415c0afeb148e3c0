"""Sharpening by scales: what is one, two, four and eight pixels wide, each by a factor of its own."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, channels_of
from indistack.enhance.filled import FilledOperator
from indistack.enhance.sky import channel_mean
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SPLINE = np.array([1, 4, 6, 4, 1], np.float32) / 16
"""The B3 spline of the "a trous" transform (Starck and Murtagh 1994)."""


class WaveletsSettings(Settings):
    """Arguments of ``wavelets``."""

    one: float = Field(default=1.5, ge=0, le=50)
    two: float = Field(default=2.5, ge=0, le=50)
    four: float = Field(default=1.5, ge=0, le=50)
    eight: float = Field(default=1.0, ge=0, le=50)
    """What detail of that many pixels is multiplied by: 1 leaves it as it is, 0 takes it away."""


@OPERATORS.register("wavelets")
class Wavelets(FilledOperator):
    """Sharpens Sun, Moon and planets by scales, on the brightness: ``wavelets:2,3,1.5``; 1 leaves a scale as it is."""

    works_in: ClassVar[int] = 6

    settings: ClassVar[type[Settings]] = WaveletsSettings

    def __init__(self, settings: WaveletsSettings = WaveletsSettings()) -> None:  # noqa: B008 - frozen
        self._factors = settings.one, settings.two, settings.four, settings.eight

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        smooth = channel_mean(pixels)
        more = np.zeros_like(smooth)
        for scale, factor in enumerate(self._factors):
            kernel = np.zeros(4 * 2**scale + 1, np.float32)
            kernel[:: 2**scale] = SPLINE
            smoother = np.asarray(
                cv2.sepFilter2D(smooth, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32
            )
            more += np.float32(factor - 1) * (smooth - smoother)
            smooth = np.asarray(smoother, np.float32)
        return np.asarray((channels_of(pixels) + more[..., np.newaxis]).reshape(pixels.shape), np.float32)
