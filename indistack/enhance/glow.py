"""The glow of a sensor's amplifier: it shines from a corner through all filters alike, as no nebula does."""

from __future__ import annotations

import numpy as np

from indistack.numerics.surface import terms
from indistack.values.frame import BoolArray, DoubleArray, FloatArray

REACH = 0.45
"""So far from its corner, in longer sides of the picture, a glow is looked at."""

SCALES, FINER = tuple(0.03 * 1.15**step for step in range(14)), tuple(1.01**step for step in range(-7, 8))
"""It falls to a third within such a share of the longer side; and what is tried beside the best of these."""

LEAST_SNR, UNLIKE = 8.0, 0.3
"""It stands so many times the noise above the sky in every colour; what it leaves is such a share of it at most."""

LEAST_RED, LEAST_BLUE = 0.95, 0.85
"""Of its strongest other colour: it is violet once white is white. Nebulae are red or blue, galaxies yellow to grey,
and raw colours of all of them are greener."""


def corner_glow(rest: FloatArray, noise: float) -> FloatArray:
    """Return what glows from the corners of a sky.

    Parameters
    ----------
    rest : array
        ``(rows, columns, channels)`` float32, the levels of cells above the sky; NaN where too little is covered;
        unchanged.
    noise : float
        Standard deviation of the mean of a sky cell's channels.

    Returns
    -------
    array
        Of the same shape, finite, 0 where nothing glows; grey pictures have no colour to tell it by.
    """
    glow = np.zeros_like(rest)
    if rest.shape[2] != 3:
        return glow
    for down in (1, -1):
        for right in (1, -1):
            glow[::down, ::right] += _from_first(rest[::down, ::right], noise)
    return glow


def _from_first(rest: FloatArray, noise: float) -> FloatArray:
    """Return what glows from the first corner, 0 if there is no such thing."""
    longer = max(rest.shape[:2])
    rows, columns = np.ogrid[: rest.shape[0], : rest.shape[1]]
    away = np.hypot(rows + 0.5, columns + 0.5) / longer
    near = (away < REACH) & np.isfinite(rest).all(axis=2)
    if near.sum() < 2 * len(SCALES):
        return np.zeros_like(rest)
    shape = np.exp(-away / _best(_best(1.0, SCALES, away[near], rest[near]), FINER, away[near], rest[near]))
    height = _height(shape[near], rest[near])
    red, green, blue = height
    is_violet = bool(red >= LEAST_RED * green) and bool(blue >= LEAST_BLUE * max(red, green))
    is_seen = height.min() * shape.max() >= LEAST_SNR * noise * len(height) ** 0.5
    if not is_violet or not is_seen or _share_left(shape[near], rest[near]) > UNLIKE:
        return np.zeros_like(rest)
    return _bent(shape, rest, near)


def _bent(shape: DoubleArray, rest: FloatArray, near: BoolArray) -> FloatArray:
    """Return a shape of all cells, bent to levels near the corner: it is cut off, and no glow keeps to it exactly."""
    places = np.column_stack([place.ravel() for place in np.indices(shape.shape)]).astype(float)
    design = terms(places, *shape.shape) * shape.reshape(-1, 1)
    fit = np.linalg.lstsq(design[near.ravel()], rest[near].astype(float), rcond=None)[0]
    return np.asarray((design @ fit).reshape(rest.shape), np.float32)


def _best(scale: float, steps: tuple[float, ...], away: DoubleArray, rest: FloatArray) -> float:
    """Return the scale, so many times another one, that leaves least of the levels ``(n, 3)`` so far away ``(n,)``."""
    left = [_share_left(np.exp(-away / (scale * step)), rest) for step in steps]
    return scale * steps[int(np.argmin(left))]


def _height(shape: DoubleArray, rest: FloatArray) -> DoubleArray:
    """Return how high a shape ``(n,)`` is in levels ``(n, 3)``, by least squares."""
    return np.asarray(shape @ rest / float(shape @ shape), float)


def _share_left(shape: DoubleArray, rest: FloatArray) -> float:
    """Return what share of levels ``(n, 3)`` a shape ``(n,)`` does not follow, where it is bright."""
    weight = shape[:, np.newaxis]
    off = (rest - weight * _height(shape, rest)) * weight
    return float(np.linalg.norm(off)) / max(float(np.linalg.norm(rest * weight)), 1e-9)
