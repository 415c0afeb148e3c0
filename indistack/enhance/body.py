"""Planets, the Moon and the Sun: what covers a part of the field and is brighter than all of it."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator, channels_of
from indistack.enhance.sky import channel_mean, measure_sky
from indistack.enhance.strips import strips
from indistack.settings import Settings
from indistack.values.frame import FloatArray

BODY = 0.25
"""Of the brightest place: what is above is the body."""

BLUR_PX = 1.5
"""No hot pixel is the brightest place."""


class BodySettings(Settings):
    """Arguments of ``body``."""

    white: float = Field(default=0.9, gt=0, lt=1)
    """Brightness of the body where it is brightest (that 99.5 % of it do not reach)."""

    gamma: float = Field(default=1.2, gt=0, le=5)
    """Above 1 brightens what is dark, and takes contrast from what is bright."""

    black_sigma: float = Field(default=2.0, ge=0)
    """Black lies that many standard deviations of the noise above the sky."""


@OPERATORS.register("body")
class Body(Operator):
    """A linear picture, or one with a gamma, of the Moon, the Sun or a planet: nothing burnt, the sky black.

    Colours are the camera's: one body tells nothing of what is white.
    """

    settings: ClassVar[type[Settings]] = BodySettings

    def __init__(self, settings: BodySettings = BodySettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        sky = measure_sky(picture)
        if sky is None:
            return picture.copy()
        black = sky.level + self._settings.black_sigma * sky.noise
        light = np.nan_to_num(channel_mean(picture) - black.mean())
        smooth = cv2.GaussianBlur(light, (0, 0), BLUR_PX)
        body = light[smooth > BODY * smooth.max()]
        white = float(np.quantile(body, 0.995)) if len(body) else 0.0
        if white <= 0:  # nothing but sky
            return np.where(np.isfinite(picture), np.float32(0), picture)
        result = np.empty_like(picture)
        for rows in strips(picture):
            above = (np.maximum(channels_of(picture[rows]) - black, 0) / white).astype(np.float32)
            result[rows] = self._shown(above).reshape(result[rows].shape)
        return result

    def _shown(self, above: FloatArray) -> FloatArray:
        """Brightness 0..1, one curve for all channels: what is above white comes ever nearer to 1."""
        white = np.float32(self._settings.white)
        shown: FloatArray = white * np.power(above, np.float32(1 / self._settings.gamma))
        over = np.maximum(shown - white, 0) / (1 - white)
        shown = np.minimum(shown, white) + (1 - white) * over / (1 + over)
        return shown
