"""The luminance of a scene as the aligners that work on pictures need it, and the maps between its scales."""

from __future__ import annotations

import cv2
import numpy as np

from indistack.errors import RegistrationError
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene

BACKGROUND_SHARE = 1 / 24
"""Sigma of the background, as a share of the plane's longer side: vignetting and gradients are wider than that."""
BACKGROUND_BLUR_PX = 16.0
SMOOTH_PX = 1.5
"""Sigma of the smoothing before two planes are compared."""
LEAST_SIDE_PX = 16
FULL_OF_BINNED = np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
BINNED_OF_FULL = np.linalg.inv(FULL_OF_BINNED)


def clean_plane(scene: Scene) -> FloatArray:
    """Return the binned luminance without single hot or dead pixels (3x3 median), a new array.

    Raises
    ------
    RegistrationError
        ``too_small``: there is none.
    """
    plane = scene.luminance
    if plane is None or min(plane.shape) < LEAST_SIDE_PX:
        detail = f"a frame of {scene.width} x {scene.height} pixels shows no scene"
        raise RegistrationError("too_small", detail, {"width": scene.width, "height": scene.height})
    return np.asarray(cv2.medianBlur(plane, 3), np.float32)


def background_sigma_px(plane: FloatArray) -> float:
    """Return the sigma (its px) of the Gaussian that counts as background in a plane.

    Parameters
    ----------
    plane : array
        Of any dtype; only its shape ``(h, w)`` counts.
    """
    return BACKGROUND_SHARE * float(max(plane.shape))


def detail_of(scene: Scene) -> FloatArray:
    """Return the cleaned luminance less its background: what moves with the scene, and neither vignetting nor sky.

    Parameters
    ----------
    scene : Scene
        With its luminance; unchanged.

    Returns
    -------
    array
        ``(h // 2, w // 2)`` float32, of standard deviation 1, new.

    Raises
    ------
    RegistrationError
        ``too_small``, or ``no_contrast``: it is the same everywhere.
    """
    plane = clean_plane(scene)
    detail: FloatArray = plane - background(plane)
    spread = float(detail.std())
    if not spread > 1e-6 * max(1.0, float(np.abs(plane).max())):
        raise RegistrationError("no_contrast", "the picture is the same everywhere", {"contrast_adu": spread})
    return detail / np.float32(spread)


def background(plane: FloatArray) -> FloatArray:
    """Return the plane under a wide Gaussian, made on a smaller one: wide kernels on large planes take seconds.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, finite; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, in the same unit, new.
    """
    sigma = background_sigma_px(plane)
    factor = min(1.0, BACKGROUND_BLUR_PX / sigma)
    blurred = cv2.GaussianBlur(shrunk(plane, factor), (0, 0), sigma * factor)
    size = plane.shape[1], plane.shape[0]
    return np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_CUBIC), np.float32)


def smoothed(plane: FloatArray) -> FloatArray:
    """Return the ``(h, w)`` float32 plane without what is finer than its pixels can carry: a new array."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), SMOOTH_PX), np.float32)


def shrunk(plane: FloatArray, factor: float) -> FloatArray:
    """Return the plane scaled by a factor of at most 1, by areas.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    factor : float
        Above 0; from 1 on the plane itself comes back.

    Returns
    -------
    array
        float32, at least one pixel a side.
    """
    size = [max(1, round(side * factor)) for side in plane.shape]
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA), np.float32) if factor < 1 else plane


def to_full(matrix: DoubleArray) -> DoubleArray:
    """Return a ``(3, 3)`` float64 map between planes binned 2x2 as one between frames."""
    full: DoubleArray = FULL_OF_BINNED @ matrix @ BINNED_OF_FULL
    return full


def to_binned(matrix: DoubleArray) -> DoubleArray:
    """Return a ``(3, 3)`` float64 map between frames as one between planes binned 2x2."""
    binned: DoubleArray = BINNED_OF_FULL @ matrix @ FULL_OF_BINNED
    return binned


def rescaled(matrix: DoubleArray, factor: float) -> DoubleArray:
    """Return the same ``(3, 3)`` float64 map between planes that are scaled by a factor, their outer edges alike."""
    shift = (factor - 1) / 2
    to_scaled = np.array([[factor, 0.0, shift], [0.0, factor, shift], [0.0, 0.0, 1.0]])
    scaled: DoubleArray = to_scaled @ matrix @ np.linalg.inv(to_scaled)
    return scaled


def shifted(dx: float, dy: float) -> DoubleArray:
    """Return the ``(3, 3)`` float64 map that adds `dx` and `dy` (px) to positions."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


def warped(plane: FloatArray, matrix: DoubleArray, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Lay a plane on another.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    matrix : array
        ``(3, 3)`` float64, from the plane's px to those of the other.
    shape : (int, int)
        Height and width of the other.

    Returns
    -------
    laid : array
        Of that shape, float32, new; 0 where the plane does not reach.
    reached : array
        Of that shape, float32: 1 where it surely reaches, else 0.
    """
    size = shape[1], shape[0]
    laid = np.asarray(cv2.warpPerspective(plane, matrix, size, flags=cv2.INTER_CUBIC), np.float32)
    reached = cv2.warpPerspective(np.ones_like(plane), matrix, size, flags=cv2.INTER_NEAREST)
    reached = cv2.erode(reached, np.ones((5, 5)), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return laid, np.asarray(reached, np.float32)
