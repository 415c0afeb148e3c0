"""The sky's gradient: modelled from what shows no object, and taken off."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, channels_of
from indistack.enhance.glow import corner_glow
from indistack.enhance.gradient import gradient_of
from indistack.enhance.sky import covered_box, is_ground
from indistack.enhance.spare import new_like
from indistack.enhance.strips import each_strip
from indistack.numerics.statistics import MEDIAN_TO_MEAN_ERROR, robust_sigmas
from indistack.picture.linear import StackPicture, binning_for
from indistack.settings import Settings
from indistack.values.frame import FloatArray

CELL = 10
"""Side of the cells, in pixels of the small copy, whose medians the model is made from: no star reaches them."""

LEAST_NOISE = 0.2
"""Share of what pixels of a cell differ by that is no slope, at least."""

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
    more closely. Nebulae and galaxies are left out, and so stay. What glows from a corner as sensors do goes, too.
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
        levels, noise, above_ground = _cells(small)
        model = gradient_of(levels, noise, above_ground)
        model += corner_glow(levels - model - np.nanmedian(levels - model, axis=(0, 1)), noise)
        return (model * np.float32(self._settings.strength),)

    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """See `MeasuringOperator`."""
        box = covered_box(picture)
        shown = picture[box]
        result = new_like(picture) if shown.shape == picture.shape else np.full_like(picture, np.nan)
        flat = result[box]
        height, width = shown.shape[:2]
        weights, model = _wide(measures[0], height, width, binning_for(shown.shape, self._settings.side_px))

        def subtract(rows: slice) -> None:
            used = np.flatnonzero(weights[rows].any(axis=0))
            near = slice(used[0], used[-1] + 1)
            np.subtract(shown[rows], (weights[rows, near] @ model[near]).reshape(shown[rows].shape), out=flat[rows])

        each_strip(subtract, shown)
        return result


def _cells(small: FloatArray) -> tuple[FloatArray, float, bool]:
    """Return what `gradient_of` needs of a picture ``(h, w, c)``: medians of cells, NaN off the sky, noise, ground."""
    rows, columns, channels = small.shape[0] // CELL, small.shape[1] // CELL, small.shape[2]
    size = columns * CELL, rows * CELL
    pixels = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST_EXACT), np.float32)
    pixels = pixels.reshape(rows, CELL, columns, CELL, channels).swapaxes(1, 2)
    pixels = pixels.reshape(rows, columns, CELL * CELL, channels)
    ground = is_ground(pixels.mean(axis=3).reshape(rows * columns, -1)).reshape(rows, columns)
    pixels = np.sort(pixels, axis=2)  # NaN comes last
    half = CELL * CELL // 2
    levels = pixels[:, :, half - 1 : half + 1].mean(axis=2)  # the upper one alone would lie half a pixel off in a slope
    levels[ground] = np.nan
    sigma = _noise(pixels.mean(axis=3), levels.mean(axis=2))
    return levels, MEDIAN_TO_MEAN_ERROR * sigma / CELL, bool(ground.any())


def _noise(pixels: FloatArray, levels: FloatArray) -> float:
    """Return the noise of cells ``(rows, columns, pixels)`` less the slopes within them; 0 where none is covered."""
    known = np.isfinite(pixels).all(axis=2)
    if not known.any():
        return 0.0
    spread = np.square(robust_sigmas(pixels[known].T, np.median(pixels[known], axis=1)))
    down, across = (np.asarray(slope) for slope in np.gradient(levels))
    slope = np.nan_to_num(np.square(down[known]) + np.square(across[known])) / 12  # variance of evenly spread values
    return float(np.sqrt(np.median(np.maximum(spread - slope, LEAST_NOISE**2 * spread))))


def _wide(model: FloatArray, height: int, width: int, binning: int) -> tuple[FloatArray, FloatArray]:
    """Return two matrices whose product, a row of pixels in each row, is the model at full size.

    It is smooth between the cells' centres, and goes on beyond the outer ones as between the last three. The cells do
    not reach the last rows and columns that fill no pixel of the binned copy.
    """
    rows, columns = model.shape[:2]
    across = _between(columns, width, binning) @ model.transpose(1, 0, 2).reshape(columns, -1)
    wide = across.reshape(width, rows, -1).swapaxes(0, 1)
    return _between(rows, height, binning), np.ascontiguousarray(wide.reshape(rows, -1))


def _between(cells: int, size: int, binning: int) -> FloatArray:
    """Return the weights ``(size, cells)`` of three cells or more at each pixel: a cubic (Catmull and Rom)."""
    places = (np.arange(size) + 0.5) * cells / max(size // binning * binning, 1) - 0.5
    left = np.clip(np.floor(places).astype(int), 0, cells - 2)
    x = places - left
    bend = x * (1 - x) / 2
    weights = np.zeros((size, cells + 2))  # with one more cell at each end, on a parabola through the last three
    for step, share in enumerate((bend * (x - 1), 1 - x + bend * (2 - 3 * x), x + bend * (3 * x - 1), -bend * x)):
        weights[np.arange(size), left + step] = share
    for last, inner in ((0, slice(1, 4)), (-1, slice(-2, -5, -1))):
        weights[:, inner] += weights[:, [last]] * (3, -3, 1)
    return np.ascontiguousarray(weights[:, 1:-1], np.float32)
