"""Colours without their brightness: the colours of a halo, however bright the sky."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray


class MixSettings(Settings):
    """Arguments of ``rgb_mix``."""

    share: float = Field(default=0.7, ge=0, le=1)
    """Of the colours without their brightness; the rest is the picture."""


def colours_alone(pixels: FloatArray) -> DoubleArray:
    """Return each colour less the mean of the three, raised so that the least value is 0.

    Parameters
    ----------
    pixels : array
        ``(h, w, 3)``, finite; unchanged.

    Returns
    -------
    array
        ``(h, w, 3)`` float64, new.
    """
    wide = pixels.astype(float)
    wide -= wide.mean(axis=2, keepdims=True)
    wide -= wide.min()
    return wide


@OPERATORS.register("rgb_sub")
class RgbSub(FilledOperator):
    """Each colour less the mean of the three. Grey pictures pass unchanged."""

    works_in: ClassVar[int] = 4

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        return pixels.copy() if pixels.ndim == 2 else np.asarray(colours_alone(pixels), np.float32)


@OPERATORS.register("rgb_mix")
class RgbMix(FilledOperator):
    """The picture mixed with its colours alone: ``rgb_mix:0.5``. Grey pictures pass unchanged."""

    works_in: ClassVar[int] = 5

    settings: ClassVar[type[Settings]] = MixSettings

    def __init__(self, settings: MixSettings = MixSettings()) -> None:  # noqa: B008 - frozen
        self._share = settings.share

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        if pixels.ndim == 2:
            return pixels.copy()
        return np.asarray((1 - self._share) * pixels + self._share * colours_alone(pixels), np.float32)
