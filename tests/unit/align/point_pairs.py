"""Pairs of points that a known transform joins."""

from __future__ import annotations

import numpy as np

from indistack.values.transform import Bend, Transform

TURNED = np.array([[0.999, -0.02, 40.0], [0.02, 0.999, -30.0], [0.0, 0.0, 1.0]])
TRUE = {
    "similarity": Transform(TURNED),
    "affine": Transform(TURNED + np.array([[0.001, 0.0008, 0], [0, -0.0007, 0], [0, 0, 0]])),
    "homography": Transform(TURNED + np.array([[0, 0, 0], [0, 0, 0], [4e-7, -3e-7, 0]])),
    "quadratic": Transform(TURNED, bend=Bend((1000.0, 750.0), 1250.0, np.array([[1.5, -0.6, 0.3], [0.3, 1.2, -0.9]]))),
}


def field(count: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, 2)) * [2000, 1500]


def noisy(transform: Transform, source: np.ndarray, error_px: float, seed: int = 0) -> np.ndarray:
    return transform.apply(source) + np.random.default_rng(seed).normal(0, error_px, source.shape)
