"""Rotate, mirror and crop, as the picture is seen."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator, SkyOperator
from indistack.settings import Settings
from indistack.values.frame import FloatArray

SQUARE_DEG = 0.05
"""What is turned that little, off a right angle, is not drawn anew."""


class RotateSettings(Settings):
    """Arguments of ``rotate``."""

    angle_deg: float = Field(default=90.0, ge=-360, le=360)
    """Counterclockwise."""


class FlipSettings(Settings):
    """Arguments of ``flip``."""

    way: Literal["left_right", "up_down"] = "left_right"
    """What changes places."""


class CropSettings(Settings):
    """Arguments of ``crop``."""

    left: int = Field(default=0, ge=0)
    right: int = Field(default=0, ge=0)
    top: int = Field(default=0, ge=0)
    bottom: int = Field(default=0, ge=0)
    """Pixels that are cut off each side; one is always left."""


@OPERATORS.register("rotate")
class Rotate(Operator):
    """Turns the picture counterclockwise, and makes it as large as it then is: ``rotate:90``."""

    settings: ClassVar[type[Settings]] = RotateSettings
    reshapes: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def __init__(self, settings: RotateSettings = RotateSettings()) -> None:  # noqa: B008 - frozen
        self._angle_deg = settings.angle_deg

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if self._angle_deg % 90 == 0:
            return np.ascontiguousarray(np.rot90(picture, round(self._angle_deg / 90)))
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self._angle_deg, 1)
        size = np.ceil(np.abs(matrix[:, :2]) @ (width, height)).astype(int)
        matrix[:, 2] += (size - (width, height)) / 2
        nothing = (np.nan,) * 3
        turned = cv2.warpAffine(picture, matrix, tuple(size.tolist()), flags=cv2.INTER_LINEAR, borderValue=nothing)
        return np.asarray(turned, np.float32)


@OPERATORS.register("flip")
class Flip(Operator):
    """Mirrors the picture: ``flip:left_right`` or ``flip:up_down``."""

    settings: ClassVar[type[Settings]] = FlipSettings
    reshapes: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def __init__(self, settings: FlipSettings = FlipSettings()) -> None:  # noqa: B008 - frozen
        self._axis = 1 if settings.way == "left_right" else 0

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        return np.ascontiguousarray(np.flip(picture, self._axis))


@OPERATORS.register("north_up")
class NorthUp(SkyOperator):
    """Turns the picture, and mirrors it where needed, so that north is up and east left, where it is solved."""

    reshapes: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if self.sky is None:
            return picture.copy()
        (x, y), mirrored = self.sky.north, self.sky.mirrored
        upright = Flip()(picture) if mirrored else picture
        angle_deg = 90 - math.degrees(math.atan2(-y, -x if mirrored else x))
        nearest = 90.0 * round(angle_deg / 90)
        exact = nearest if abs(angle_deg - nearest) < SQUARE_DEG else angle_deg
        return Rotate(RotateSettings(angle_deg=exact % 360))(upright)


@OPERATORS.register("crop")
class Crop(Operator):
    """Cuts off each side so many pixels of the picture, left, right, top, bottom: ``crop:100,100,20,0``."""

    settings: ClassVar[type[Settings]] = CropSettings
    reshapes: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    def __init__(self, settings: CropSettings = CropSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        cut = self._settings
        height, width = picture.shape[:2]
        top, left = min(cut.top, height - 1), min(cut.left, width - 1)
        return picture[top : max(height - cut.bottom, top + 1), left : max(width - cut.right, left + 1)].copy()
