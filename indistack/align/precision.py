"""How well two pictures tell the map between them: a limb tells no turn, a faint cloud hardly a shift."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.align.planes import rescaled, shrunk, smoothed, warped
from indistack.errors import RegistrationError
from indistack.values.frame import DoubleArray, FloatArray

WORST_CORNER_PX = 0.35
"""A map that is known worse than this at a corner (frame px) is none."""
FINEST_SIDE_PX = 1200
BLOB_PX = 8
"""What the pictures differ in is made of blobs no larger than this: smoothed noise, seeing, what moved."""
FRAME_PX = 2.0
"""Frame px per px of a binned plane."""


def corner_error_px(sub: FloatArray, reference: FloatArray, matrix: DoubleArray) -> float:
    """Return the standard deviation of the mapped place of a corner (length of the error, frame px).

    From least squares of the brightness that is left: the covariance of a shift, and of a turn about the centre unless
    the map is a pure shift, is ``var inv(J K^T)``, with J and K the gradients of the two pictures by these, whose noise
    is not the same and so cancels. The variance is that of what is left, times the area over which it is correlated.

    Parameters
    ----------
    sub, reference : array
        Of `detail_of`.
    matrix : array
        ``(3, 3)`` sub -> reference, in px of these planes; found by comparing them.
    """
    factor = min(1.0, FINEST_SIDE_PX / max(reference.shape))
    laid, reached = warped(shrunk(sub, factor), rescaled(matrix, factor), shrunk(reference, factor).shape)
    here, there = smoothed(laid), smoothed(shrunk(reference, factor))
    inside = reached > 0
    if not inside.any():
        return float("inf")
    here, there = here - here[inside].mean(), there - there[inside].mean()
    contrast = float((here[inside] ** 2).sum())
    gain = float((here * there)[inside].sum()) / max(contrast, 1e-30)
    left = np.where(inside, there - gain * here, 0)
    turns = not np.allclose(matrix[:2, :2], np.eye(2), atol=1e-9)
    ours, theirs = (_gradients(plane, turns)[:, inside] for plane in (gain * here, there))
    information = (ours @ theirs.T + theirs @ ours.T) / 2
    strength = np.linalg.eigvalsh(information)
    if strength[0] <= 1e-12 * strength[-1]:
        return float("inf")
    height, width = here.shape
    at_corner = np.array([[1, 0, (height - 1) / 2], [0, 1, (width - 1) / 2]])[:, : len(information)]
    variance = float(left[inside].var()) * _correlated_px(left)
    covariance = variance * at_corner @ np.linalg.inv(information) @ at_corner.T
    error_px: float = FRAME_PX / factor * float(np.sqrt(np.trace(covariance)))
    return error_px


def require_known(error_px: float) -> None:
    """Raise `RegistrationError` ``no_match`` for a map whose place at a corner is not known well enough."""
    if not error_px <= WORST_CORNER_PX:
        detail = f"the pictures tell the place of a corner to {error_px:.2g} px; {WORST_CORNER_PX} px are needed"
        raise RegistrationError("no_match", detail, {"corner_error_px": error_px, "limit": WORST_CORNER_PX})


def _gradients(plane: FloatArray, turns: bool) -> DoubleArray:
    """What a shift along x and y, and a turn about the centre, change in a plane: ``(2 or 3, height, width)``."""
    along_x, along_y = (
        np.asarray(cv2.Sobel(plane, cv2.CV_32F, *order, ksize=3), np.float64) / 8 for order in ((1, 0), (0, 1))
    )
    if not turns:
        return np.stack([along_x, along_y])
    height, width = plane.shape
    y, x = np.mgrid[:height, :width]
    return np.stack([along_x, along_y, (x - (width - 1) / 2) * along_y - (y - (height - 1) / 2) * along_x])


def _correlated_px(left: DoubleArray) -> float:
    """Area over which values are alike: the sum of their autocorrelation near zero."""
    power = np.abs(np.fft.rfft2(left)) ** 2
    correlation = np.fft.irfft2(power, left.shape)
    near = np.r_[0 : BLOB_PX + 1, -BLOB_PX:0]
    return float(np.clip(correlation[np.ix_(near, near)] / max(correlation[0, 0], 1e-30), 0, None).sum())
