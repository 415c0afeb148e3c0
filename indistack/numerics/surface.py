"""Smooth surfaces over a frame: polynomials of second order at most.

A surface is the coefficients of 1, u, v, u^2, u v, v^2, of which the last ones may be missing; u and v run from -1 to 1
over the frame's width and height.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import DoubleArray, FloatArray

TERMS = 6
CLIPPING_ROUNDS = 5
CLIP_SIGMA = 2.5
REWEIGHTINGS = 20


def terms(xy: DoubleArray, width: int, height: int) -> DoubleArray:
    """Return ``(n, 6)``, the six terms at points ``(n, 2)`` (px)."""
    u, v = (2 * xy / np.maximum((width - 1, height - 1), 1) - 1).T
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def fit_surface(design: DoubleArray, values: DoubleArray) -> DoubleArray:
    """Fit a surface by least squares, leaving out what lies off by more than 2.5 sigma.

    Parameters
    ----------
    design : array
        ``(n, m)``, the first `m` terms at `n` points, `n` at least `m`.
    values : array
        ``(n,)``, finite.

    Returns
    -------
    array
        ``(m,)`` coefficients.
    """
    used = np.ones(len(values), bool)
    for _ in range(CLIPPING_ROUNDS):
        surface = np.linalg.lstsq(design[used], values[used], rcond=None)[0].astype(np.float64)
        off = np.abs(values - design @ surface)
        near = off <= CLIP_SIGMA * sigma_of_deviations(off) + 1e-9
        if near.sum() < 2 * design.shape[1] or (near == used).all():
            break
        used = near
    return surface


def lower_surface(design: DoubleArray, values: DoubleArray, share: float) -> DoubleArray:
    """Fit a surface that a share of the values lie below: quantile regression by reweighting.

    Parameters
    ----------
    design : array
        ``(n, m)``, any terms at `n` points.
    values : array
        ``(n,)``, finite.
    share : float
        Above 0, below 1.

    Returns
    -------
    array
        ``(m,)`` coefficients.
    """
    weight = np.ones(len(values))
    tiny = 1e-3 * float(np.std(values)) + 1e-9
    even, terms_of = np.linalg.qr(design)  # orthogonal terms, so that sums of products do
    for _ in range(REWEIGHTINGS):
        weighted = even * weight[:, np.newaxis]
        surface = np.linalg.lstsq(weighted.T @ even, weighted.T @ values, rcond=None)[0].astype(float)
        off = values - even @ surface
        weight = np.where(off > 0, share, 1 - share) / np.maximum(np.abs(off), tiny)
    return np.asarray(np.linalg.lstsq(terms_of, surface, rcond=None)[0], np.float64)


def factors(surfaces: Sequence[Sequence[float]], width: int, height: int) -> tuple[FloatArray, FloatArray]:
    """Take quadratic surfaces apart into two matrices, whose product of any rows and columns is the surfaces there.

    Parameters
    ----------
    surfaces : sequence of sequence of float
        Coefficients of `terms`, from the constant on; missing ones are 0.
    width, height : int
        Of the frame (px).

    Returns
    -------
    down : array
        ``(height, k)`` float32, new; `k` is 1 where all surfaces are constant, else 3.
    across : array
        ``(k, width, surfaces)`` float32, new.
    """
    c = np.zeros((len(surfaces), TERMS))
    for coefficients, surface in zip(c, surfaces, strict=True):
        coefficients[: len(surface)] = surface
    u, v = (np.linspace(-1, 1, size)[:, np.newaxis] if size > 1 else np.zeros((1, 1)) for size in (width, height))
    across = np.stack([c[:, 0] + u * c[:, 1] + u * u * c[:, 3], c[:, 2] + u * c[:, 4], c[:, 5] + 0 * u])
    down = np.concatenate([np.ones_like(v), v, v * v], axis=1)
    rank = 3 if c[:, 1:].any() else 1
    return np.ascontiguousarray(down[:, :rank], np.float32), np.ascontiguousarray(across[:rank], np.float32)
