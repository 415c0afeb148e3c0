"""A Gaussian blur whose borders see the mean of the border, and the picture without its blur."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.enhance.base import OPERATORS
from indistack.enhance.filled import FilledOperator
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray

SIDES_PER_RADIUS, RADIUS_PER_SIGMA = 20, 3
"""Of the defaults: the shorter side of the picture is so many radii, a radius so many sigma."""


class BlurSettings(Settings):
    """Arguments of ``blur`` and ``gradient``."""

    radius: int | None = Field(default=None, ge=1, le=1000)
    """Of the kernel, in pixels; by default a twentieth of the picture's shorter side."""

    sigma: float | None = Field(default=None, gt=0, le=1000)
    """Of the Gaussian, in pixels; by default a third of the radius."""


def blurred(pixels: FloatArray, settings: BlurSettings, as_halostack: bool = False) -> DoubleArray:
    """Blur a picture along rows, then along columns.

    Parameters
    ----------
    pixels : array
        ``(h, w)`` or ``(h, w, 3)``, finite; unchanged. Beyond a border lies the mean of its outer `radius` pixels.
    settings : BlurSettings
        Radius and sigma.
    as_halostack : bool
        The last row and column are taken for a part of what lies beyond, whose outermost pixel is 0.

    Returns
    -------
    array
        Of the same shape, float64, new.
    """
    radius = settings.radius or min(pixels.shape[:2]) // SIDES_PER_RADIUS
    if radius == 0:
        return pixels.astype(float)
    steps = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (steps / (settings.sigma or radius / RADIUS_PER_SIGMA)) ** 2)
    made = pixels.astype(float)
    for _ in range(2):
        made = _along_rows(made, kernel / kernel.sum(), as_halostack)
        made = np.ascontiguousarray(made.swapaxes(0, 1))
    return made


def _along_rows(pixels: DoubleArray, kernel: DoubleArray, as_halostack: bool) -> DoubleArray:
    radius = len(kernel) // 2
    ends = pixels[:, :radius].mean(axis=1, keepdims=True), pixels[:, -radius:].mean(axis=1, keepdims=True)
    left, right = (np.repeat(end, radius, axis=1) for end in ends)
    if as_halostack:
        wide = np.concatenate([left, pixels[:, :-1], right, np.zeros_like(right[:, :1])], axis=1)
    else:
        wide = np.concatenate([left, pixels, right], axis=1)
    made = cv2.filter2D(wide, -1, kernel[np.newaxis], borderType=cv2.BORDER_REPLICATE)
    return np.asarray(made[:, radius : radius + pixels.shape[1]], float)


@OPERATORS.register("blur")
class Blur(FilledOperator):
    """A Gaussian blur, raised or lowered so that the least value is 0: ``blur:12,4``."""

    works_in: ClassVar[int] = 8

    as_halostack: ClassVar[bool] = False
    settings: ClassVar[type[Settings]] = BlurSettings

    def __init__(self, settings: BlurSettings = BlurSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        smooth = blurred(pixels, self._settings, self.as_halostack)
        return np.asarray(smooth - smooth.min(), np.float32)


@OPERATORS.register("gradient")
class Gradient(FilledOperator):
    """The picture less what `blur` makes of it, raised so that nothing is negative: ``gradient:100``."""

    works_in: ClassVar[int] = 8

    as_halostack: ClassVar[bool] = False
    settings: ClassVar[type[Settings]] = BlurSettings

    def __init__(self, settings: BlurSettings = BlurSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings

    def make(self, pixels: FloatArray) -> FloatArray:
        """See `FilledOperator`."""
        smooth = blurred(pixels, self._settings, self.as_halostack)
        rest = pixels - (smooth - smooth.min())
        return np.asarray(rest - min(float(rest.min()), 0.0), np.float32)


@OPERATORS.register("blur_halostack")
class BlurHalostack(Blur):
    """`blur` with halostack's right and lower borders."""

    as_halostack = True


@OPERATORS.register("gradient_halostack")
class GradientHalostack(Gradient):
    """`gradient` with halostack's right and lower borders."""

    as_halostack = True
