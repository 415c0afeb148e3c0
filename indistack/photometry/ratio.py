"""How bright the stars of a sub are beside the reference's, and how bright its header says they should be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import MEDIAN_TO_MEAN_ERROR, robust_sigma
from indistack.values.frame import BoolArray, FrameInfo
from indistack.values.star_list import StarList
from indistack.values.transform import Transform

LOOKED_AT = 150
COMPARED_STARS = 60
"""The brightest ones: a faint star is measured only where noise has made it brighter."""

LEAST_STARS = 5
MOST_ERROR = 0.1
"""Relative; a ratio that is known less well tells nothing."""

FIT_ERROR = 0.005
"""Relative error of a ratio that no number of stars lowers: profiles fitted in another seeing."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Reference's over sub's star fluxes: median, its standard error, stars compared."""

    value: float
    error: float
    stars: int

    @property
    def is_known(self) -> bool:
        """Whether it is good for anything."""
        return self.stars >= LEAST_STARS and self.error <= MOST_ERROR * self.value


def flux_ratio(sub: StarList, reference: StarList, transform: Transform) -> Ratio:
    """Compare the brightest unsaturated stars of the reference with the sub's, each with its mutually nearest one.

    Parameters
    ----------
    sub, reference : StarList
        Brightest first.
    transform : Transform
        Sub -> reference.
    """
    ours, theirs = sub.take(~sub.saturated), reference.take(np.flatnonzero(~reference.saturated)[:LOOKED_AT])
    if len(ours) == 0 or len(theirs) == 0:
        return Ratio(1.0, np.inf, 0)
    places = transform.apply(ours.xy)
    distance2 = (theirs.x[:, None] - places[:, 0]) ** 2 + (theirs.y[:, None] - places[:, 1]) ** 2
    nearest, back = distance2.argmin(axis=1), distance2.argmin(axis=0)
    near = distance2.min(axis=1) < max(1.0, 0.5 * float(np.median(theirs.fwhm))) ** 2
    mutual: BoolArray = near & (back[nearest] == np.arange(len(theirs)))
    pairs = np.flatnonzero(mutual)[:COMPARED_STARS]
    if len(pairs) < LEAST_STARS:
        return Ratio(1.0, np.inf, len(pairs))
    ratio = theirs.flux[pairs] / ours.flux[nearest[pairs]]
    middle = float(np.median(ratio))
    scatter = robust_sigma(ratio, middle)
    error_of_median = MEDIAN_TO_MEAN_ERROR * scatter / len(pairs) ** 0.5
    return Ratio(middle, math.hypot(error_of_median, FIT_ERROR * middle), len(pairs))


def expected_scale(sub: FrameInfo, reference: FrameInfo) -> float | None:
    """Factor that exposure, gain and depth alone ask for; None where the gains differ and no header says by how much.

    What a header does not tell is taken to be the same.
    """
    exposures = (sub.exposure_s, reference.exposure_s)
    scale = depth_scale(sub, reference) * (exposures[1] / exposures[0] if exposures[0] and exposures[1] else 1.0)
    if sub.gain_setting is None or reference.gain_setting is None or sub.gain_setting == reference.gain_setting:
        return scale
    if sub.e_per_adu is None or reference.e_per_adu is None:
        return None
    return scale * sub.e_per_adu / reference.e_per_adu


def depth_scale(sub: FrameInfo, reference: FrameInfo) -> float:
    """Factor that brings white in a picture of 8 bits to white in one of 16, or the other way; 1 for camera frames."""
    whites = (sub.full_scale_adu, reference.full_scale_adu)
    return whites[1] / whites[0] if whites[0] and whites[1] else 1.0
