"""Palettes for a colour camera behind a dual-band filter: red is H alpha, green and blue are O III."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Operator
from indistack.settings import Settings
from indistack.values.frame import FloatArray


class HooSettings(Settings):
    """Arguments of ``hoo``."""

    natural: float = Field(default=0.15, ge=0, le=1)
    """Share of H beta that goes with H alpha: of so much of the red, blue gets a share, too."""


def lines_of(picture: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return H alpha and O III.

    Parameters
    ----------
    picture : array
        ``(h, w, 3)``; unchanged.

    Returns
    -------
    alpha, oxygen : array
        ``(h, w)`` each.
    """
    return picture[..., 0], np.asarray((picture[..., 1] + picture[..., 2]) / 2, np.float32)


@OPERATORS.register("hoo")
class Hoo(Operator):
    """H alpha in red, O III in green and blue, a little H beta in blue: ``hoo:0.15``. Grey pictures pass unchanged."""

    settings: ClassVar[type[Settings]] = HooSettings

    def __init__(self, settings: HooSettings = HooSettings()) -> None:  # noqa: B008 - frozen
        self._natural = np.float32(settings.natural)

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if picture.ndim == 2:
            return picture.copy()
        alpha, oxygen = lines_of(picture)
        return np.stack([alpha, oxygen, (1 - self._natural) * oxygen + self._natural * alpha], axis=2)


@OPERATORS.register("sho")
class Sho(Operator):
    """Gold and blue out of two lines, for a picture of 0 to 1, after a stretch. Grey pictures pass unchanged.

    Green is O III where both lines are bright, and H alpha where they are faint.
    """

    works_in: ClassVar[int] = 4

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        if picture.ndim == 2:
            return picture.copy()
        alpha, oxygen = lines_of(np.clip(picture, 0, 1))
        both = alpha * oxygen
        share = np.power(both, 1 - both)
        return np.stack([alpha, share * alpha + (1 - share) * oxygen, oxygen], axis=2)
