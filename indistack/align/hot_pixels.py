"""Finds lone bright pixels in a luminance, which stand still while the sky moves, and takes them out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.planes import LEAST_SIDE_PX
from indistack.errors import RegistrationError
from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import FloatArray
from indistack.values.star_list import Scene

IntArray = npt.NDArray[np.intp]

LEAST_SNR = 8.0
"""Of what stands out."""
HOT_SHARE = 0.1
"""Of a pixel's height above its surroundings that its second brightest neighbour has, at least, where it is a star: one
with a FWHM of 1.8 px, binned by two, gives 0.11 even where it lies on the pixel's centre."""


def without_hot_pixels(scene: Scene) -> FloatArray:
    """Return the binned luminance, its lone bright pixels replaced by the median of their surroundings.

    Parameters
    ----------
    scene : Scene
        With its luminance; unchanged.

    Returns
    -------
    array
        ``(h // 2, w // 2)`` float32, ADU, new.

    Raises
    ------
    RegistrationError
        ``too_small``: it has no luminance, or one that is too small.
    """
    plane = scene.luminance
    if plane is None or min(plane.shape) < LEAST_SIDE_PX:
        raise RegistrationError("too_small", "the frame is too small to look for a star")
    return filled(plane, lone_pixels(plane))


def lone_pixels(plane: FloatArray) -> tuple[IntArray, IntArray]:
    """Find the bright pixels whose light is in none of their neighbours.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU; unchanged.

    Returns
    -------
    rows, columns : array
        ``(n,)`` intp each, new.
    """
    height = plane - cv2.medianBlur(plane, 3)
    noise = sigma_of_deviations(height)
    y, x = np.nonzero(height > LEAST_SNR * max(noise, 1e-6))
    padded = np.pad(plane, 1, mode="edge")
    ring = [padded[y + dy, x + dx] for dy in range(3) for dx in range(3) if (dx, dy) != (1, 1)]
    second = np.sort(ring, axis=0)[-2] - (plane - height)[y, x]
    hot = second < np.maximum(HOT_SHARE * height[y, x], LEAST_SNR / 4 * noise)
    return y[hot], x[hot]


def filled(plane: FloatArray, pixels: tuple[IntArray, IntArray]) -> FloatArray:
    """Return the plane, these pixels replaced by the median of their surroundings: a new array."""
    result: FloatArray = plane.copy()
    result[pixels] = cv2.medianBlur(plane, 3)[pixels]
    return result
