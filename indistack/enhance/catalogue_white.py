"""White by stars whose colours a catalogue knows: what a camera makes of their B-V, and so of the Sun's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.catalogue import KnownStars
from indistack.enhance.star_light import star_light
from indistack.numerics.statistics import sigma_of_deviations
from indistack.picture.linear import StackPicture, binning_for
from indistack.values.frame import DoubleArray, FloatArray

WHITE_B_V = 0.65
"""The Sun is white: B-V of 0.653 (Ramirez et al. 2012, ApJ 752, 5)."""

SIDE_PX = 1600
"""Stars are measured in a copy of at most that side."""

MOST_STARS, LEAST_STARS = 300, 3
"""The brightest in the picture; fewer tell nothing."""

CLIPPED = 0.7
"""A star with a pixel above that share of the brightest may have lost some of its colour."""

SAME_MAG = 0.7
"""Stars that are further from the others' zero point are other stars, or not alone."""

SLOPES, SLOPE_SIGMA = np.array([-0.45, 0.65]), 0.25
"""How red and blue change against green with B-V (mag per mag), for the filters of cameras before black bodies; and how
unlike that a camera may be. Few stars, or such of one colour, tell no slope of their own."""

COLOUR_SIGMA, TYCHO_SIGMA, TYCHO_MAG, TYCHO_GROWTH = 0.05, 0.03, 8.0, 0.2
"""How unlike stars of one B-V are; how well a star of that magnitude is known, and by what power of ten less so with
each further one (mag), as Tycho-2 has it."""

ROUNDS, OUTLIER_SIGMA, LEAST_SPREAD = 6, 3.0, 0.02
"""Stars that are so many standard deviations off are left out, in so many rounds; and the least of these (mag)."""

MOST_ERROR = 0.2
"""Where B-V comes out worse (mag, median), these are no stars of the catalogue."""


@dataclass(frozen=True, slots=True)
class CatalogueWhite:
    """What the stars tell.

    Attributes
    ----------
    gains : array
        ``(3,)`` float32, what makes the Sun white; green = 1.
    error_mag : float
        Median of how far B-V, as the picture's colours tell it, is from the catalogue's.
    n_stars : int
        That it was seen by.
    """

    gains: FloatArray
    error_mag: float
    n_stars: int


def catalogue_white(
    picture: FloatArray, known: KnownStars, sky: FloatArray, brightest: FloatArray
) -> CatalogueWhite | None:
    """Return what makes the Sun white.

    Parameters
    ----------
    picture : array
        ``(h, w, 3)`` float32, linear, of any unit; NaN is not covered; unchanged.
    known : KnownStars
        In this picture.
    sky, brightest : array
        ``(3,)`` level of the sky and greatest value of each colour.

    Returns
    -------
    CatalogueWhite or None
        None where too few of the stars are seen, or they do not agree.
    """
    if len(known.xy) < LEAST_STARS:
        return None
    factor = binning_for(picture.shape, SIDE_PX)
    xy = (known.xy[:MOST_STARS] + 0.5) / factor - 0.5
    light, which = star_light(StackPicture(picture).binned(factor), xy, sky + CLIPPED * (brightest - sky))
    return fitted(light, known.v_mag[which], known.b_v[which])


def fitted(light: FloatArray, v_mag: DoubleArray, b_v: DoubleArray) -> CatalogueWhite | None:
    """Fit the colours of a camera to those of stars, as straight lines over B-V.

    Parameters
    ----------
    light : array
        ``(n, 3)`` of red, green and blue, above 0.
    v_mag, b_v : array
        ``(n,)`` of the same stars, from a catalogue.

    Returns
    -------
    CatalogueWhite or None
        None of too few stars, or such that do not agree.
    """
    mag = -2.5 * np.log10(light.astype(np.float64))
    same = np.abs(v_mag - mag[:, 1] - np.median(v_mag - mag[:, 1])) < SAME_MAG if len(mag) else np.zeros(0, bool)
    if np.count_nonzero(same) < LEAST_STARS:
        return None
    colours, x = (mag[:, [0, 2]] - mag[:, [1]])[same], b_v[same] - WHITE_B_V
    sigma = np.hypot(COLOUR_SIGMA, TYCHO_SIGMA * 10 ** (TYCHO_GROWTH * (v_mag[same] - TYCHO_MAG)))
    lines = np.stack([_line(colour, x, sigma, slope) for colour, slope in zip(colours.T, SLOPES, strict=True)], axis=1)
    (red_white, blue_white), (red_slope, blue_slope) = lines
    told = (colours[:, 1] - colours[:, 0] - (blue_white - red_white)) / (blue_slope - red_slope)
    error_mag = float(np.median(np.abs(told - x)))
    gains = 10 ** (0.4 * np.array([red_white, 0.0, blue_white]))
    return CatalogueWhite(gains.astype(np.float32), error_mag, len(x)) if error_mag <= MOST_ERROR else None


def _line(colour: DoubleArray, x: DoubleArray, sigma: DoubleArray, slope: float) -> DoubleArray:
    """Return level and slope of the straight line through most of the points, near a slope that is expected."""
    design = np.vstack([np.column_stack([np.ones_like(x), x]) / sigma[:, np.newaxis], (0, 1 / SLOPE_SIGMA)])
    values = np.append(colour / sigma, slope / SLOPE_SIGMA)
    kept = np.ones(len(values), bool)
    off = colour - slope * x - np.median(colour - slope * x)
    for _ in range(ROUNDS):
        kept[:-1] = np.abs(off) <= OUTLIER_SIGMA * max(sigma_of_deviations(off), LEAST_SPREAD)
        line = np.asarray(np.linalg.lstsq(design[kept], values[kept], rcond=None)[0], np.float64)
        off = colour - line[0] - line[1] * x
    return line
