"""The sky's gradient: modelled from what shows no object, and taken off."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from indistack.enhance.base import OPERATORS, Measures, MeasuringOperator, channels_of
from indistack.enhance.sky import DAMAGED_SIGMA, covered_box, is_lit
from indistack.enhance.strips import each_strip
from indistack.numerics.statistics import MEDIAN_TO_MEAN_ERROR, robust_sigmas, sigma_of_deviations
from indistack.numerics.surface import terms
from indistack.picture.linear import StackPicture, binning_for
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray

CELL = 10
"""Side of the cells, in pixels of the small copy, whose medians the model is made from: no star reaches them."""

ORDERS = (1, 3, 6)
"""Terms of the surfaces that are tried: constant, plane, quadratic."""

MIN_CELLS = 3
"""Smaller pictures, by cells across, have no gradient that could be told."""

SKY_SHARE = 0.25
"""Of the cells, at least, show sky: the first surface lies above so many of them."""

OBJECT_SIGMA, MIN_SIGMA_SHARE = 3.0, 0.02
"""Cells that far above the surface show an object; sigma is no less than that share of the cells' range."""

AT_NOISE, WORTH, ROUGH = 1.6, 1.5, 1.5
"""A surface that fits the sky to that many times its noise is enough; a higher one must fit that much better; where the
best leaves more than `ROUGH` times the noise, no surface follows the sky."""

BRIGHT_SIGMA, GROWTH = 12.0, np.ones((5, 5), np.uint8)
"""Objects that bright are left out with two cells around them."""

ROUNDS, REWEIGHTINGS = 4, 20

SMOOTH_CELLS = (4.0, 2.0, 1.5)
"""Standard deviations of the blurs that take off what no surface follows, one after the other."""

DENSE_SHARE = 0.75
"""Of the cells must be sky for that: beside a nebula that fills the field nothing tells sky from nebula."""


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
    that show no object; where most of the field is sky, a blur of what is left follows if none fits to the
    noise. Nebulae and galaxies are left
    out, and so stay.
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


def gradient_of(levels: FloatArray, noise: float) -> FloatArray:
    """Return the gradient of a sky.

    Parameters
    ----------
    levels : array
        ``(rows, columns, channels)`` float32, the medians of the cells; NaN where too little is covered.
    noise : float
        Standard deviation of the mean of a sky cell's channels.

    Returns
    -------
    array
        Of the same shape, finite, 0 on average over the sky.
    """
    rows, columns, channels = levels.shape
    y, x = np.mgrid[:rows, :columns]
    design = terms(np.stack([x.ravel(), y.ravel()], axis=1).astype(float), columns, rows)
    cells = levels.reshape(-1, channels).astype(float)
    known = is_lit(cells.mean(axis=1))
    if known.sum() < 4 * ORDERS[-1]:
        return np.zeros_like(levels)
    order, sky, rough = _choose(design[known], cells[known].mean(axis=1), noise)
    on_sky = np.flatnonzero(known)[sky]
    surface = design[:, :order] @ np.linalg.lstsq(design[on_sky, :order], cells[on_sky], rcond=None)[0]
    model: FloatArray = surface.astype(np.float32).reshape(levels.shape)
    of_channels = np.std((cells - surface)[on_sky], axis=0)
    rough = rough or bool((of_channels > ROUGH * noise * channels**0.5).any())  # the glow of a sensor has a colour
    if rough and sky.sum() >= DENSE_SHARE * len(cells):
        is_sky = np.zeros(len(cells), bool)
        is_sky[on_sky] = True
        model = _follow(model, levels, is_sky.reshape(rows, columns))
    model -= model.reshape(-1, channels)[on_sky].mean(axis=0)
    return model


def _cells(small: FloatArray) -> tuple[FloatArray, float]:
    """Medians of the cells of a picture ``(h, w, c)``, and the noise of the mean of a cell's channels."""
    rows, columns, channels = small.shape[0] // CELL, small.shape[1] // CELL, small.shape[2]
    pixels = np.asarray(cv2.resize(small, (columns * CELL, rows * CELL), interpolation=cv2.INTER_NEAREST), np.float32)
    pixels = pixels.reshape(rows, CELL, columns, CELL, channels).swapaxes(1, 2)
    pixels = np.sort(pixels.reshape(rows, columns, CELL * CELL, channels), axis=2)  # NaN comes last
    half = CELL * CELL // 2
    known = pixels.mean(axis=3)
    known = known[np.isfinite(known).all(axis=2)]
    if len(known) == 0:
        return pixels[:, :, half], 0.0
    noise = float(np.median(robust_sigmas(known.T, np.median(known, axis=1))))
    return pixels[:, :, half], MEDIAN_TO_MEAN_ERROR * noise / CELL


def _choose(design: DoubleArray, levels: DoubleArray, noise: float) -> tuple[int, npt.NDArray[np.bool_], bool]:
    """Return the terms of the simplest surface that fits the sky, which cells are sky, and whether it is rough."""
    best: tuple[float, int, Any] = (np.inf, 0, None)
    for order in ORDERS:
        sky, rms = _fit(design[:, :order], levels)
        if rms * WORTH < best[0]:
            best = (rms, order, sky)
        if rms < AT_NOISE * noise:
            return order, sky, False
    return best[1], best[2], best[0] > ROUGH * noise


def _fit(design: DoubleArray, levels: DoubleArray) -> tuple[npt.NDArray[np.bool_], float]:
    """Return which cells are sky by one kind of surface, and how far they are off it."""
    off = levels - design @ _lower_surface(design, levels)
    least = MIN_SIGMA_SHARE * np.subtract(*np.quantile(levels, (0.98, 0.02))) / OBJECT_SIGMA
    sky = off < np.inf
    for _ in range(ROUNDS):
        sigma = max(sigma_of_deviations(off[off <= 0]), least)
        sky = (off <= OBJECT_SIGMA * sigma + 1e-9) & (off >= -DAMAGED_SIGMA * sigma - 1e-9)
        if sky.sum() < design.shape[1]:
            return off <= np.quantile(off, SKY_SHARE), np.inf
        off = levels - design @ np.linalg.lstsq(design[sky], levels[sky], rcond=None)[0]
    return sky, float(np.std(off[sky])) + 1e-9


def _lower_surface(design: DoubleArray, levels: DoubleArray) -> DoubleArray:
    """Fit a surface that `SKY_SHARE` of the levels lie below: quantile regression by reweighting."""
    weight = np.ones(len(levels))
    tiny = 1e-3 * float(np.std(levels)) + 1e-9
    surface: DoubleArray = np.zeros(design.shape[1])
    for _ in range(REWEIGHTINGS):
        root = np.sqrt(weight)
        surface = np.linalg.lstsq(design * root[:, np.newaxis], levels * root, rcond=None)[0].astype(float)
        off = levels - design @ surface
        weight = np.where(off > 0, SKY_SHARE, 1 - SKY_SHARE) / np.maximum(np.abs(off), tiny)
    return surface


def _follow(model: FloatArray, levels: FloatArray, sky: npt.NDArray[np.bool_]) -> FloatArray:
    """Bend a surface to the sky, ever closer; the closer it is, the fainter are the objects that stand out of it."""
    for cells in SMOOTH_CELLS:
        model = model + _blurred(levels - model, sky, cells)
        off = (levels - model).mean(axis=2)
        sigma = sigma_of_deviations(off[sky & (off <= 0)])
        bright = cv2.dilate((off > BRIGHT_SIGMA * sigma).astype(np.uint8), GROWTH) > 0
        sky = sky & (off <= OBJECT_SIGMA * sigma) & (off >= -DAMAGED_SIGMA * sigma) & ~bright
    return model


def _blurred(rest: FloatArray, sky: npt.NDArray[np.bool_], cells: float) -> FloatArray:
    """Blur what is left on the sky, shrunk towards 0 where there is none near."""
    weight = sky.astype(np.float32)
    known = np.nan_to_num(rest) * weight[..., np.newaxis]
    blurred = channels_of(np.asarray(cv2.GaussianBlur(known, (0, 0), cells, borderType=cv2.BORDER_REFLECT), np.float32))
    total = cv2.GaussianBlur(weight, (0, 0), cells, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred / np.maximum(total, 0.1)[..., np.newaxis], np.float32)


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
