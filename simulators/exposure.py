"""One frame of the simulated camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .fits import Value, fits_bytes
from .truth import StarTruth, Truth

Kind = Literal["light", "dark", "bias", "flat"]
Plane = NDArray[np.float32]
Pixels = NDArray[np.uint16]


@dataclass(frozen=True)
class Exposure:
    """One frame: what the camera delivers and what is true about it.

    Attributes
    ----------
    pixels : ndarray of uint16, shape (height, width)
        As read out: the colour filter mosaic, or mono.
    header : dict
        FITS keywords without the structural ones.
    truth : Truth
    """

    pixels: Pixels
    header: dict[str, Value]
    truth: Truth
    _find_stars: Callable[[], StarTruth] = field(repr=False, compare=False)

    def to_fits(self) -> bytes:
        """Return the frame as a FITS file."""
        return fits_bytes(self.pixels, self.header)

    @cached_property
    def stars(self) -> StarTruth:
        """The stars inside this frame, brightest first; none for calibration frames."""
        return self._find_stars()


def crop(pixels: Pixels, region_px: tuple[int, int, int, int]) -> Pixels:
    x0, y0, width, height = region_px
    return np.ascontiguousarray(pixels[y0 : y0 + height, x0 : x0 + width])


def binned(pixels: Pixels, binning: int) -> Pixels:
    if binning == 1:
        return pixels
    height, width = (side // binning for side in pixels.shape)
    blocks = pixels[: height * binning, : width * binning].reshape(height, binning, width, binning)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)), dtype=np.uint16)
