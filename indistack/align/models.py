"""Transforms fitted to pairs of points: weighted, and robust against wrong pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.frame import DoubleArray

TUKEY = 4.685
"""95 % efficiency for normal errors (Beaton and Tukey 1974)."""
RAYLEIGH_MEDIAN = 1.17741
"""Median length of a two-dimensional normal vector in units of its standard deviation per axis."""
ROUNDS = 8
LEAST_JITTER_PX = 0.02


@dataclass(frozen=True, slots=True)
class Fitted:
    """A transform and how well it is known.

    Attributes
    ----------
    matrix : array
        ``(3, 3)`` float64.
    residual : array
        ``(n,)`` distance of each pair (px).
    weight : array
        ``(n,)`` weight of each pair in the fit; 0 where the pair was left out.
    """

    matrix: DoubleArray
    residual: DoubleArray
    weight: DoubleArray


def apply(matrix: DoubleArray, points: DoubleArray) -> DoubleArray:
    """Map ``(n, 2)`` points by an affine matrix."""
    mapped: DoubleArray = points @ matrix[:2, :2].T + matrix[:2, 2]
    return mapped


def similarity(source: DoubleArray, target: DoubleArray, weight: DoubleArray) -> DoubleArray:
    """Weighted least-squares similarity ``(3, 3)``; closed form in complex numbers, never mirrored.

    With z a source and w a target point, both less their weighted means, the best factor is sum(conj(z) w) / sum |z|^2.
    """
    z, w = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    total = weight.sum()
    z_mean, w_mean = (weight * z).sum() / total, (weight * w).sum() / total
    z, w = z - z_mean, w - w_mean
    factor = (weight * z.conj() * w).sum() / max((weight * np.abs(z) ** 2).sum(), 1e-30)
    shift = w_mean - factor * z_mean
    return np.array([
        [factor.real, -factor.imag, shift.real],
        [factor.imag, factor.real, shift.imag],
        [0, 0, 1],
    ])  # fmt: skip


def affine(source: DoubleArray, target: DoubleArray, weight: DoubleArray) -> DoubleArray:
    """Weighted least-squares affine matrix ``(3, 3)``."""
    middle = np.average(source, axis=0, weights=weight)
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([source - middle, np.ones(len(source))])
    solution = np.linalg.lstsq(design * root, target * root, rcond=None)[0].T
    matrix = np.eye(3)
    matrix[:2] = solution
    matrix[:2, 2] -= solution[:, :2] @ middle
    return matrix


MODELS = {"similarity": similarity, "affine": affine}


def robust_fit(source: DoubleArray, target: DoubleArray, sigma: DoubleArray, model: str) -> Fitted:
    """Fit by iteratively reweighted least squares with Tukey's biweight.

    Parameters
    ----------
    source, target : array
        ``(n, 2)`` pairs, n at least 2 (3 for affine).
    sigma : array
        ``(n,)`` centroid error of each pair (px); what the residuals show beyond it is shared by all (seeing).
    model : str
        ``"similarity"`` or ``"affine"``.
    """
    solve = MODELS[model]
    weight = 1 / (sigma**2 + 0.1**2)
    matrix = solve(source, target, weight)
    for _ in range(ROUNDS):
        residual = np.hypot(*(apply(matrix, source) - target).T)
        jitter2 = (np.median(residual) / RAYLEIGH_MEDIAN) ** 2 - np.median(sigma) ** 2
        spread2 = sigma**2 + max(jitter2, LEAST_JITTER_PX**2)
        distance = residual / np.sqrt(spread2)
        scale = max(float(np.median(distance)) / RAYLEIGH_MEDIAN, 0.5)
        tukey = np.clip(1 - (distance / (TUKEY * scale)) ** 2, 0, None) ** 2
        weight = tukey / spread2
        before, matrix = matrix, solve(source, target, weight)
        if np.abs(matrix - before).max() < 1e-9:
            break
    residual = np.hypot(*(apply(matrix, source) - target).T)
    return Fitted(matrix, residual, weight)


def corner_error(fitted: Fitted, source: DoubleArray, width: float, height: float) -> float:
    """Standard deviation of the mapped place (px, both axes) at the worst corner of the frame, as a similarity.

    From the covariance of the fit: s^2 (1 / sum(w) + r^2 / sum(w r^2)), r the distance from the stars' weighted mean.
    """
    weight = fitted.weight
    total = weight.sum()
    count = int((weight > 0).sum())
    if count < 3:
        return float("inf")
    middle = (weight[:, None] * source).sum(axis=0) / total
    inertia = (weight * ((source - middle) ** 2).sum(axis=1)).sum()
    per_axis2 = (weight * fitted.residual**2).sum() / max(2 * count - 4, 1)
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
    lever2 = ((corners - middle) ** 2).sum(axis=1).max()
    variance = max(per_axis2, 1e-6) * (1 / total + lever2 / max(inertia, 1e-30))
    return float(np.sqrt(2 * variance))
