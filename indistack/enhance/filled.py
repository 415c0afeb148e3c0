"""Operators that look at neighbours or at the whole picture: given its covered part, with holes filled."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from indistack.enhance.base import Operator, channels_of
from indistack.enhance.sky import covered_box
from indistack.values.frame import FloatArray


class FilledOperator(Operator):
    """An operator that is given finite pixels only: single holes are filled with the channel's median for it."""

    works_in: ClassVar[int] = 3

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `indistack.enhance.base.Operator`."""
        box = covered_box(picture)
        part = picture[box]
        known = np.isfinite(channels_of(part)).all(axis=2)
        if not known.any():
            return picture.copy()
        if not known.all():
            medians = np.median(part[known], axis=0)
            part = np.where(known.reshape(known.shape + (1,) * (part.ndim - 2)), part, medians)
        made = np.asarray(self.make(np.ascontiguousarray(part, np.float32)), np.float32)
        result = np.full((*picture.shape[:2], *made.shape[2:]), np.nan, np.float32)
        result[box] = made
        result[box][~known] = np.nan
        return result

    @abstractmethod
    def make(self, pixels: FloatArray) -> FloatArray:
        """Make the new pixels.

        Parameters
        ----------
        pixels : array
            ``(h, w)`` or ``(h, w, 3)`` float32, finite, at least one pixel; unchanged.

        Returns
        -------
        array
            ``(h, w)`` or ``(h, w, 3)``, new.
        """


def full_scale(pixels: FloatArray) -> float:
    """Return what counts as full scale: 1 for pictures of 0 to 1, else the greatest value.

    Parameters
    ----------
    pixels : array
        Of any shape, finite, not empty; unchanged.
    """
    return max(1.0, float(pixels.max()))
