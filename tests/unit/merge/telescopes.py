"""Finished stacks of one sky through several telescopes, as files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from indistack.values.frame import DoubleArray, FloatArray

SKY_ARCSEC = 900.0
N_STARS = 150
STARS = np.random.default_rng(5)
PLACES_ARCSEC = STARS.uniform(-SKY_ARCSEC / 2, SKY_ARCSEC / 2, (N_STARS, 2))
LIGHT = 10 ** STARS.uniform(0.0, 1.8, N_STARS)


@dataclass(frozen=True)
class Telescope:
    """One instrument, and how long its stack was exposed.

    Attributes
    ----------
    scale_arcsec_px, rotation_deg, mirrored
        How it shows the sky.
    adu : float
        ADU of a star of light 1.
    noise_adu, sky_adu : float
        Of its stack.
    """

    scale_arcsec_px: float = 1.5
    rotation_deg: float = 0.0
    mirrored: bool = False
    adu: float = 2000.0
    noise_adu: float = 4.0
    sky_adu: float = 100.0
    fwhm_arcsec: float = 5.0
    side_px: int = 480
    shift_px: tuple[float, float] = (0.0, 0.0)

    def places_px(self) -> DoubleArray:
        """Where the stars lie in its picture, ``(n, 2)``."""
        angle = math.radians(self.rotation_deg)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        flip = np.diag([-1.0 if self.mirrored else 1.0, 1.0])
        px = PLACES_ARCSEC @ (turn @ flip).T / self.scale_arcsec_px + (self.side_px - 1) / 2
        return np.asarray(px + self.shift_px, np.float64)

    def picture(self, seed: int) -> FloatArray:
        """Return ``(side, side)`` float32: sky, noise and Gaussian stars."""
        pixels = np.random.default_rng(seed).normal(self.sky_adu, self.noise_adu, (self.side_px, self.side_px))
        sigma = self.fwhm_arcsec / self.scale_arcsec_px / 2.3548
        reach = math.ceil(6 * sigma)
        for (x, y), light in zip(self.places_px(), LIGHT, strict=True):
            rows = np.arange(max(0, round(y) - reach), min(self.side_px, round(y) + reach + 1))
            cols = np.arange(max(0, round(x) - reach), min(self.side_px, round(x) + reach + 1))
            if len(rows) and len(cols):
                profile = np.exp(-((rows[:, None] - y) ** 2 + (cols - x) ** 2) / (2 * sigma**2))
                pixels[np.ix_(rows, cols)] += self.adu * light * profile / (2 * math.pi * sigma**2)
        return pixels.astype(np.float32)

    def write(self, path: Path, seed: int = 0, colours: int = 1, told: bool = True, **cards: Any) -> Path:
        """Write its stack; `told`: with the plate scale in the header."""
        planes = [self.picture(seed + number) for number in range(colours)]
        unit = fits.PrimaryHDU(planes[0] if colours == 1 else np.stack(planes))
        if told:
            unit.header["SCALE"] = self.scale_arcsec_px
        unit.header.update({"EXPTIME": 600.0, "NCOMBINE": 10, "DATE-OBS": "2024-08-10T21:00:00", **cards})
        unit.writeto(path)
        return path
