"""The gradient of a sky, told from the objects in it: no more is taken for it than a nebula would leave alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.enhance.base import channels_of
from indistack.enhance.dome import dome_of
from indistack.enhance.sky import DAMAGED_SIGMA, is_lit
from indistack.enhance.veil import veil_of, veil_shapes
from indistack.numerics.statistics import robust_sigma, sigma_of_deviations
from indistack.numerics.surface import lower_surface, terms
from indistack.values.frame import BoolArray, DoubleArray, FloatArray, IndexArray

ORDERS, VIGNETTE, CORNERS = (1, 3, 6), 10, 12
"""Terms of the surfaces that are tried: constant, plane, quadratic; with what a vignette has beside them; and with what
the dark corners of a strong one have, where nothing hides them."""

OFF_MIDDLE, LEAST_FALL = [3, 5], -0.7
"""The terms that tell how far from the middle a cell lies; and how closely a sky above a landscape must follow them."""

SKY_SHARE = 0.2
"""Of the cells, at least, show sky: the first surface lies above so many of them."""

OBJECT_SIGMA, MIN_SIGMA_SHARE = 3.0, 0.02
"""Cells that far above the surface show an object; sigma is no less than that share of the cells' range."""

AT_NOISE, ROUGH = 1.6, 1.5
"""A surface that fits the sky to that many times its noise is enough; where the best leaves more than `ROUGH` times the
noise, it does not follow the sky."""

WORTH = {3: 1.2, 6: 1.4, 10: 1.5, 12: 1.5}
"""A higher surface must fit so many times better: a bowl fits many a nebula by chance."""

AWAY, WORTH_AWAY = 10.0, 2.4
"""One that leaves so many times the noise has found no sky, and must fit so many times better: clouds lean, too."""

ABOVE_REST = {3: 0.0, 6: 1.5, 10: 3.0, 12: 3.0}
"""A higher surface is so many times larger than what it leaves, as deviations: one that lies under a comet or a halo,
and makes a dark ring of its wings, is not."""

MOST_RISE, UNDER_OBJECTS = 0.5, {3: 0.0, 6: 4.0, 10: 20.0, 12: 20.0}
"""One that is higher under the objects by more than that, in deviations of the sky, may well bend to them: then it must
be so many times larger."""

DOMINANT = 8.0
"""Only where a surface is that many times larger than what it leaves, vignette and blur may follow: else what is left
may well be a nebula that fills the field."""

BRIGHT_SIGMA, GROWTH = 12.0, np.ones((5, 5), np.uint8)
"""Objects that bright are left out with two cells around them."""

ROUNDS = 4

SMOOTH_CELLS = (4.0, 2.0)
"""Standard deviations of the blurs that take off what no surface follows, one after the other."""

WORTH_A_DOME = 1.5
"""By so much closer the light of a town must be followed by its own surface."""

DENSE_SHARE = 0.75
"""Of the cells must be sky for that: beside a nebula that fills the field nothing tells sky from nebula."""


def gradient_of(levels: FloatArray, noise: float, above_ground: bool = False) -> FloatArray:
    """Return the gradient of a sky.

    Parameters
    ----------
    levels : array
        ``(rows, columns, channels)`` float32, the medians of the cells; NaN where too little is covered.
    noise : float
        Standard deviation of the mean of a sky cell's channels.
    above_ground : bool
        Cells that are no sky are a landscape. The sky is brighter towards its horizon, and people want to see that:
        only what a lens does to the corners, or a plane, is taken for a gradient.

    Returns
    -------
    array
        Of the same shape, finite, 0 on average over the sky.
    """
    rows, columns, channels = levels.shape
    design = _shapes(rows, columns)
    cells = levels.reshape(-1, channels).astype(float)
    known = is_lit(cells.mean(axis=1))
    if known.sum() < 4 * ORDERS[-1]:
        return np.zeros_like(levels)
    light = cells[known].mean(axis=1)
    orders = (
        _orders_above_ground(design[known], light) if above_ground else (*ORDERS, CORNERS if known.all() else VIGNETTE)
    )
    order, sky = _choose(design[known], light, noise, orders)
    on_sky = np.flatnonzero(known)[sky]
    model = design[:, :order] @ np.linalg.lstsq(design[on_sky, :order], cells[on_sky], rcond=None)[0]
    # of each colour, as the glow of a sensor has one
    if not above_ground and (np.std((cells - model)[on_sky], axis=0) > ROUGH * noise * channels**0.5).any():
        model = _closer(model, levels, known, on_sky)
    np.clip(model, model[known].min(axis=0), model[known].max(axis=0), out=model)  # beyond the sky it is not known
    model -= model[on_sky].mean(axis=0)
    return np.asarray(model.reshape(levels.shape), np.float32)


def _closer(model: DoubleArray, levels: FloatArray, known: BoolArray, on_sky: IndexArray) -> DoubleArray:
    """Return a better one where a surface ``(cells, channels)`` leaves too much of a sky, if there is any."""
    rows, columns, channels = levels.shape
    cells = levels.reshape(-1, channels).astype(float)
    rest = robust_sigma((cells - model)[known].mean(axis=1))
    dome = dome_of(cells, rows, columns) if known.all() else None
    if dome is not None and robust_sigma((cells - dome[0]).mean(axis=1)) * WORTH_A_DOME < rest:
        model, on_sky = dome[0], np.flatnonzero(dome[1])
    elif np.std(model[known].mean(axis=1)) <= DOMINANT * rest:
        veil = veil_of(cells, veil_shapes(rows, columns), known)
        return model if veil is None else veil
    if not known.all() or len(on_sky) < DENSE_SHARE * len(cells):
        return model
    is_sky = np.zeros(len(cells), bool)
    is_sky[on_sky] = True
    surface = model.astype(np.float32).reshape(levels.shape)
    return _follow(surface, levels, is_sky.reshape(rows, columns)).reshape(-1, channels).astype(float)


def _shapes(rows: int, columns: int) -> DoubleArray:
    """Return the terms of all surfaces at each cell ``(cells, 12)``."""
    y, x = np.mgrid[:rows, :columns]
    places = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
    u, v = ((2 * places - (columns - 1, rows - 1)) / max(rows, columns)).T
    square = u * u + v * v  # of the distance from the middle
    bowl = np.stack([square * u, square * v, square**2, square**3, square**4, square**5], axis=1)
    return np.concatenate([terms(places, columns, rows), bowl], axis=1)


def _orders_above_ground(design: DoubleArray, levels: DoubleArray) -> tuple[int, ...]:
    """Return how many terms the surfaces have that are tried for cells above a landscape."""
    falls = np.corrcoef(design[:, OFF_MIDDLE].sum(axis=1), levels)[0, 1] < LEAST_FALL
    return (*ORDERS[:2], VIGNETTE) if falls else ORDERS[:2]


def _choose(
    design: DoubleArray, levels: DoubleArray, noise: float, orders: tuple[int, ...]
) -> tuple[int, npt.NDArray[np.bool_]]:
    """Return how many terms the simplest surface has that fits the sky, and which cells are sky."""
    sky, best = _fit(design[:, :1], levels)
    chosen = 1
    for order in orders[1:]:
        if best < AT_NOISE * noise:
            break
        is_sky, rms = _fit(design[:, :order], levels)
        worth = WORTH[order] if rms < AWAY * noise else WORTH_AWAY
        if rms * worth < best and _stands_out(design[:, :order], levels, is_sky):
            best, chosen, sky = rms, order, is_sky
    return chosen, sky


def _stands_out(design: DoubleArray, levels: DoubleArray, sky: npt.NDArray[np.bool_]) -> bool:
    """Tell whether the surface that fits the sky is so much larger than what it leaves that it is no object's."""
    surface = design @ np.linalg.lstsq(design[sky], levels[sky], rcond=None)[0]
    rise = 0.0 if sky.all() else float(surface[~sky].mean() - surface[sky].mean())
    times = UNDER_OBJECTS if rise > MOST_RISE * np.std(surface[sky]) else ABOVE_REST
    return bool(np.std(surface) > times[design.shape[1]] * robust_sigma(levels - surface))


def _fit(design: DoubleArray, levels: DoubleArray) -> tuple[npt.NDArray[np.bool_], float]:
    """Return which cells are sky by one kind of surface, and how far they are off it."""
    off = levels - design @ lower_surface(design, levels, SKY_SHARE)
    least = MIN_SIGMA_SHARE * np.subtract(*np.quantile(levels, (0.98, 0.02))) / OBJECT_SIGMA
    sky = off < np.inf
    for _ in range(ROUNDS):
        sigma = max(sigma_of_deviations(off[off <= 0]), least)
        sky = (off <= OBJECT_SIGMA * sigma + 1e-9) & (off >= -DAMAGED_SIGMA * sigma - 1e-9)
        if sky.sum() < design.shape[1]:
            return off <= np.quantile(off, SKY_SHARE), np.inf
        off = levels - design @ np.linalg.lstsq(design[sky], levels[sky], rcond=None)[0]
    return sky, float(np.std(off[sky])) + 1e-9


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
