"""What is seen in a frame: its stars, all that an aligner looks at, and what they tell of its light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from indistack.values.frame import BoolArray, DoubleArray, FloatArray


@dataclass(frozen=True, slots=True)
class StarList:
    """Stars of one frame, brightest first; all arrays float64 of one length, `saturated` bool.

    Attributes
    ----------
    x, y : array
        Position (px) in the frame's full-resolution pixels.
    flux : array
        Background-subtracted flux (ADU), luminance (green where the frame is CFA).
    fwhm : array
        Full width at half maximum (px, full resolution).
    hfr : array
        Half-flux radius (px, full resolution).
    eccentricity : array
        ``sqrt(1 - (b/a)**2)``, 0 round.
    angle : array
        Direction of the longer axis (rad, from x towards y, -pi/2 to pi/2).
    saturated : array
        True where the core is clipped.
    background_adu : float
        Median sky level of the frame.
    noise_adu : float
        Robust standard deviation of the sky, per pixel.
    """

    x: DoubleArray
    y: DoubleArray
    flux: DoubleArray
    fwhm: DoubleArray
    hfr: DoubleArray
    eccentricity: DoubleArray
    angle: DoubleArray
    saturated: BoolArray
    background_adu: float
    noise_adu: float

    def __len__(self) -> int:
        return len(self.x)

    @property
    def xy(self) -> DoubleArray:
        """``(n, 2)`` positions."""
        return np.column_stack([self.x, self.y])

    def take(self, index: Any) -> StarList:
        """Return the stars that a NumPy index (mask, slice, integers) picks."""
        return StarList(
            self.x[index], self.y[index], self.flux[index], self.fwhm[index], self.hfr[index],
            self.eccentricity[index], self.angle[index], self.saturated[index], self.background_adu, self.noise_adu,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measures:
    """What a sub's stars say of it, in numbers. NaN where there are too few stars to tell.

    Attributes
    ----------
    stars : int
        How many were found.
    fwhm_px, hfr_px : float
        Median width and half-flux radius of the stars that are not saturated (of all, if all are).
    eccentricity : float
        Median of the stars'.
    trailing : float
        Eccentricity that the clear stars have in one common direction: wind and tracking make it, coma and noise
        do not.
    trail_deg : float
        That direction, from x towards y, -90 to 90.
    shape_scatter : float
        How much the clear stars differ in shape, in the ellipticity ``(a^2 - b^2) / (a^2 + b^2)`` as a vector: from
        each other or from their neighbours, whichever is less. Optics give below 0.15, knots of a cloud 0.2 and more.
    background_adu, noise_adu : float
        The sky's level and its noise per pixel.
    saturated : float
        Share of the stars whose core is clipped.
    snr : float
        Median signal to noise of the clear stars.
    doubled, apart_px : float
        Share of the clear stars with a companion at the same offset as the others', and how far that is: a mount that
        has jumped shows every star twice.
    """

    stars: int
    fwhm_px: float
    hfr_px: float
    eccentricity: float
    trailing: float
    trail_deg: float
    shape_scatter: float
    background_adu: float
    noise_adu: float
    saturated: float
    snr: float
    doubled: float = float("nan")
    apart_px: float = float("nan")


@dataclass(frozen=True, slots=True)
class Scene:
    """What an aligner sees of a frame.

    Attributes
    ----------
    stars : StarList
        Its stars, brightest first.
    width, height : int
        Size of the frame (px).
    luminance : array or None
        ``(height // 2, width // 2)`` float32, 2x2-binned, ADU; pixel ``(X, Y)`` has its centre at frame position
        ``(2 X + 0.5, 2 Y + 0.5)``.
    """

    stars: StarList
    width: int
    height: int
    luminance: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class PhotometricMatch:
    """What brings a sub to the reference's ADU, ``adu * scale + background``, and what its stars told.

    Attributes
    ----------
    scale : float
        Factor, above 0.
    background : tuple of tuple of float
        What is added: one surface (see `surface`) per channel, or one for all.
    transparency : float or None
        Share of the reference's starlight that reached the camera, per second and electron; None where it cannot be
        told.
    brightness : float
        Brightness of stars in the scaled sub, the reference's being 1; differs from 1 only where `scale` does not undo
        what the stars show.
    compared : int
        Stars that were compared.
    gradient_sigma : float
        How much the sky's gradient differs from the reference's, peak to peak over the frame, in units of the
        reference's noise per pixel, whether `background` undoes it or not.
    uneven_sigma : float
        How much the sky differs from the reference's beyond a gradient in most of its blocks, in units of the sub's
        noise per pixel.
    hidden : float
        Share of the reference's bright stars that lie where the sub shows none.
    bare : float
        Share of the sub's bright stars that lie where the reference shows none.
    """

    scale: float = 1.0
    background: tuple[tuple[float, ...], ...] = ((0.0,),)
    transparency: float | None = None
    brightness: float = 1.0
    compared: int = 0
    gradient_sigma: float = 0.0
    uneven_sigma: float = 0.0
    hidden: float = 0.0
    bare: float = 0.0

    @property
    def offset_adu(self) -> tuple[float, ...]:
        """What is added at the frame's centre, per channel."""
        return tuple(surface[0] for surface in self.background)
