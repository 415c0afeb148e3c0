"""Pairs of star fields of which the transform is known, from easy ones to those that nobody can match."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.events import Slew
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.scenario import Scenario, Target

WIDTH_PX, HEIGHT_PX = 1500, 1000
# Every so many pairs show two fields that have nothing in common but the sensor's hot pixels.
UNRELATED_EVERY = 6
SECOND_TARGET = Target(name="elsewhere", ra_deg=120.0, dec_deg=-10.0)


@dataclass(frozen=True)
class Pair:
    """Two lights of one camera.

    Attributes
    ----------
    reference, sub : Exposure
    truth : ndarray, shape (3, 3), or None
        Maps the sub's pixels to the reference's; None for different fields.
    shared : int
        How many stars that a detector can see are in both.
    """

    reference: Exposure
    sub: Exposure
    truth: NDArray[np.float64] | None
    shared: int


def make_pair(number: int) -> Pair:
    """Return the pair of this number, always the same: 20 to 5,000 stars, any turn, shifts to 40 % of the frame."""
    rng = np.random.default_rng([77, number])
    related = number % UNRELATED_EVERY != UNRELATED_EVERY - 1
    observatory = Observatory(_scenario(rng, number, related))
    reference, sub = observatory.expose(index=0), observatory.expose(index=1)
    truth = sub.truth.matrix if related else None
    return Pair(reference, sub, truth, _shared(reference, sub) if related else 0)


def _scenario(rng: np.random.Generator, number: int, related: bool) -> Scenario:
    reach = rng.choice([0.01, 0.05, 0.4], p=[0.4, 0.3, 0.3])
    turns_deg = [rng.normal(0, 0.3), 180 + rng.normal(0, 1), rng.uniform(0, 360)]
    shift_px = rng.uniform(-reach, reach, 2) * (WIDTH_PX, HEIGHT_PX)
    return Scenario(
        seed=number,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        cfa="mono",
        n_stars=round(math.exp(rng.uniform(math.log(20), math.log(5000)))),
        fwhm_px=float(rng.uniform(1.8, 6.0)),
        hot_pixel_fraction=float(rng.choice([0, 20, 200, 2000])) / (WIDTH_PX * HEIGHT_PX),
        rotation_deg_per_sub=float(rng.choice(turns_deg, p=[0.4, 0.2, 0.4])),
        drift_px_per_sub=(float(shift_px[0]), float(shift_px[1])),
        targets=(Target(), SECOND_TARGET),
        events=() if related else (Slew(sub=1, target=SECOND_TARGET.name),),
    )


def _shared(reference: Exposure, sub: Exposure) -> int:
    """Count the stars of the sub that are bright enough to be seen and inside the reference."""
    stars = sub.stars
    truth = sub.truth
    x, y = (truth.matrix @ [stars.x, stars.y, np.ones(len(stars))])[:2]
    inside = (x > 3) & (x < WIDTH_PX - 4) & (y > 3) & (y < HEIGHT_PX - 4)
    # Ten times the noise that the sky has under a star's image of 4 pi sigma^2 pixels.
    pixels = 4 * math.pi * (max(truth.fwhm_px, reference.truth.fwhm_px) / 2.3548) ** 2
    limit_adu = 10 * math.sqrt(pixels * truth.background_adu / truth.e_per_adu)
    return int(np.count_nonzero(inside & (stars.flux_adu[:, 1] > limit_adu)))
