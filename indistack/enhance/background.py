"""The sky's gradient: modelled from what shows no object, and taken off."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, channels_of
from indistack.enhance.gradient import gradient_of
from indistack.enhance.sky import covered_box, is_ground
from indistack.enhance.strips import each_strip
from indistack.numerics.statistics import MEDIAN_TO_MEAN_ERROR, robust_sigmas
from indistack.picture.linear import StackPicture, binning_for
from indistack.settings import Settings
from indistack.values.frame import FloatArray

CELL = 10
"""Side of the cells, in pixels of the small copy, whose medians the model is made from: no star reaches them."""

MIN_CELLS = 3
"""Smaller pictures, by cells across, have no gradient that could be told."""


class BackgroundSettings(Settings):
    """Arguments of ``background``."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """How much of the gradient is taken off."""

    side_px: int = Field(default=400, ge=100)
    """Longest side of the copy that the gradient is measured in."""


@OPERATORS.register("background")
class Background(MeasuringOperator):
    """Takes the gradient of the sky off, channel by channel; its mean level stays.

    The simplest of a constant, a plane and a quadratic surface that fits the sky is taken, from the medians of cells
    that show no object. Only a field that is all gradient, as one with a vignette that no flat has mended, is followed
    more closely. Nebulae and galaxies are left out, and so stay.
    """

    settings: ClassVar[type[Settings]] = BackgroundSettings
    eased = (True,)

    def __init__(self, settings: BackgroundSettings = BackgroundSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def measure(self, picture: FloatArray) -> Measures:
        """Return the gradient in cells of the covered part."""
        shown = picture[covered_box(picture)]
        small = channels_of(StackPicture(shown).binned(binning_for(shown.shape, self._settings.side_px)))
        if min(small.shape[:2]) < MIN_CELLS * CELL or self._settings.strength == 0:
            return ()
        return (gradient_of(*_cells(small)) * np.float32(self._settings.strength),)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        box = covered_box(picture)
        shown = picture[box]
        result = np.empty_like(picture) if shown.shape == picture.shape else np.full_like(picture, np.nan)
        flat = result[box]
        height, width = shown.shape[:2]
        weights, model = _wide(measures[0], height, width)

        def subtract(rows: slice) -> None:
            used = np.flatnonzero(weights[rows].any(axis=0))
            near = slice(used[0], used[-1] + 1)
            np.subtract(shown[rows], (weights[rows, near] @ model[near]).reshape(shown[rows].shape), out=flat[rows])

        each_strip(subtract, shown)
        return result


def _cells(small: FloatArray) -> tuple[FloatArray, float]:
    """Medians of the cells of a picture ``(h, w, c)``, NaN where there is no sky, and the noise of their mean."""
    rows, columns, channels = small.shape[0] // CELL, small.shape[1] // CELL, small.shape[2]
    pixels = np.asarray(cv2.resize(small, (columns * CELL, rows * CELL), interpolation=cv2.INTER_NEAREST), np.float32)
    pixels = pixels.reshape(rows, CELL, columns, CELL, channels).swapaxes(1, 2)
    pixels = pixels.reshape(rows, columns, CELL * CELL, channels)
    ground = is_ground(pixels.mean(axis=3).reshape(rows * columns, -1)).reshape(rows, columns)
    pixels = np.sort(pixels, axis=2)  # NaN comes last
    half = CELL * CELL // 2
    levels = pixels[:, :, half]
    levels[ground] = np.nan
    known = pixels.mean(axis=3)
    known = known[np.isfinite(known).all(axis=2)]
    if len(known) == 0:
        return levels, 0.0
    noise = float(np.median(robust_sigmas(known.T, np.median(known, axis=1))))
    return levels, MEDIAN_TO_MEAN_ERROR * noise / CELL


def _wide(model: FloatArray, height: int, width: int) -> tuple[FloatArray, FloatArray]:
    """Return two matrices whose product, a row of pixels in each row, is the model at full size.

    It is linear between the cells' centres, and goes on beyond the outer ones as between the last two.
    """
    rows, columns = model.shape[:2]
    across = _between(columns, width) @ model.transpose(1, 0, 2).reshape(columns, -1)
    wide = across.reshape(width, rows, -1).swapaxes(0, 1)
    return _between(rows, height), np.ascontiguousarray(wide.reshape(rows, -1))


def _between(cells: int, size: int) -> FloatArray:
    """Return the weights ``(size, cells)`` of the cells at each pixel."""
    places = (np.arange(size) + 0.5) * cells / size - 0.5
    left = np.clip(np.floor(places).astype(int), 0, max(cells - 2, 0))
    weights = np.zeros((size, cells), np.float32)
    pixels = np.arange(size)
    weights[pixels, left] = 1 - (places - left)
    if cells > 1:
        weights[pixels, left + 1] = places - left
    return weights
