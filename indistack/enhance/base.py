"""What an operator promises, the slot's registry and its settings."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from indistack.errors import SettingsError
from indistack.numerics.statistics import robust_sigmas
from indistack.picture.linear import StackPicture, grid_of
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class Operator(Protocol):
    """One step from linear ADU to a picture for people."""

    def __call__(self, picture: FloatArray) -> FloatArray:
        """``(h, w)`` or ``(h, w, 3)`` float32 -> the same shape, a new array; NaN stays NaN and enters no statistic."""


OPERATORS: Registry[Operator] = Registry("picture.operators")


class PictureSettings(Settings):
    """How the stack becomes a picture."""

    operators: list[str] = Field(default=["neutral", "stf"])
    """Applied in this order."""

    max_side_px: int = Field(default=3000, ge=0)
    """Larger stacks are shown binned by whole numbers; 0 = full size always."""

    @field_validator("operators")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        try:
            for name in names:
                OPERATORS.get(name)
        except SettingsError as error:
            raise ValueError(str(error)) from None
        return names


def channels_of(picture: FloatArray) -> FloatArray:
    """``(h, w)`` or ``(h, w, c)`` -> view ``(h, w, c)``."""
    return picture if picture.ndim == 3 else picture[..., np.newaxis]


def sample(picture: FloatArray) -> npt.NDArray[Any]:
    """``(n, c)`` pixels on a regular grid over the picture, without those that are not finite."""
    planes = channels_of(picture)
    points = grid_of(StackPicture(planes)).reshape(-1, planes.shape[2])
    return points[np.isfinite(points).all(axis=1)]


def median_and_sigma(values: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Median and MADN of each column of ``(n, c)`` values; zeros where there are none."""
    if len(values) == 0:
        return np.zeros(values.shape[1], np.float32), np.zeros(values.shape[1], np.float32)
    median = np.median(values, axis=0)
    sigma = robust_sigmas(values, median)
    return median.astype(np.float32), sigma.astype(np.float32)
