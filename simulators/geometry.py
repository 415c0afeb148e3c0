"""Where the sky falls on the sensor: 3x3 matrices on points (x, y), first pixel's centre at (0, 0)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def translation(dx_px: float, dy_px: float) -> Matrix:
    """Return the matrix that moves a point by (dx_px, dy_px)."""
    return np.array([[1.0, 0.0, dx_px], [0.0, 1.0, dy_px], [0.0, 0.0, 1.0]])


def rotation(angle_deg: float) -> Matrix:
    """Return the rotation about the origin that turns the x axis towards the y axis."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def sky_to_sensor(width_px: int, height_px: int, shift_px: tuple[float, float], angle_deg: float) -> Matrix:
    """Return the matrix from the sky plane (px, target's centre at the origin) to unbinned sensor pixels.

    The shift is applied on the sky, before the rotation: after a meridian flip the stars drift the other way.
    """
    centre = translation((width_px - 1) / 2, (height_px - 1) / 2)
    return centre @ rotation(angle_deg) @ translation(*shift_px)


def readout_to_sensor(x0_px: int, y0_px: int, binning: int) -> Matrix:
    """Return the matrix from delivered pixels (cropped, then binned) to unbinned sensor pixels.

    With binning b, delivered pixel 0 covers sensor pixels x0 .. x0 + b - 1, whose centre is x0 + (b - 1) / 2.
    """
    half = (binning - 1) / 2
    return np.array([[binning, 0.0, x0_px + half], [0.0, binning, y0_px + half], [0.0, 0.0, 1.0]])


def inverse(matrix: Matrix) -> Matrix:
    """Return the matrix that undoes another."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def map_points(
    matrix: Matrix, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Apply an affine matrix to points; returns new arrays x, y."""
    return (
        matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2],
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2],
    )
