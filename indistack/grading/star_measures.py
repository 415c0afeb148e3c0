"""What a sub's stars say of it, in a few numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indistack.numerics.statistics import FWHM_PER_SIGMA
from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.star_list import Measures, StarList

SHAPE_SNR = 10.0
"""Below, noise gives a round star an eccentricity of its own."""

SHAPE_STARS = 30
"""So many of the clearest stars tell the shape: fainter ones add noise, and knots of a nebula."""

LEAST_STARS = 6
"""Of fewer stars no common shape is told."""

COMPANION_REACH, COMPANION_BOX = 12.0, 0.6
"""How far a gust throws a star, and the side of the box in which it throws all of them, in units of their FWHM."""

SHIFTS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))
"""Of the boxes: in one of these four the offsets do not lie on an edge."""

SIGMA_PER_FWHM = 1 / FWHM_PER_SIGMA


def measure(stars: StarList) -> Measures:
    """Sum up a list of stars; it may be empty."""
    clean = stars.take(~stars.saturated) if not stars.saturated.all() else stars
    snr = star_snr(clean)
    order = np.argsort(-snr, kind="stable")[:SHAPE_STARS]
    clear = order[snr[order] >= SHAPE_SNR]
    trailing, trail_deg, scatter = _shapes(clean.take(clear))
    doubled, apart_px = _doubled(clean.take(clear), stars)
    return Measures(
        stars=len(stars),
        fwhm_px=_median(clean.fwhm),
        hfr_px=_median(clean.hfr),
        eccentricity=_median(stars.eccentricity),
        trailing=trailing,
        trail_deg=trail_deg,
        shape_scatter=scatter,
        background_adu=stars.background_adu,
        noise_adu=stars.noise_adu,
        saturated=float(stars.saturated.mean()) if len(stars) else 0.0,
        snr=_median(snr[order]),
        doubled=doubled,
        apart_px=apart_px,
    )


def sharpness(stars: StarList) -> float:
    """Tell how good a reference a sub would be: many stars, small stars."""
    measures = measure(stars)
    return measures.stars / measures.fwhm_px**2 if measures.stars else 0.0


def star_snr(stars: StarList) -> DoubleArray:
    """Signal to noise of each star against the sky, by the filter that matches its profile (King 1983)."""
    noise = max(stars.noise_adu, 1e-12)
    snr: DoubleArray = stars.flux / (2 * np.pi**0.5 * SIGMA_PER_FWHM * np.maximum(stars.fwhm, 1.0) * noise)
    return snr


def _shapes(clear: StarList) -> tuple[float, float, float]:
    """Common eccentricity and its direction (deg), scatter of the shapes."""
    if len(clear) < LEAST_STARS:
        return (float("nan"),) * 3
    length = clear.eccentricity**2 / (2 - clear.eccentricity**2)
    shape = length * np.exp(2j * clear.angle)
    common = complex(np.median(shape.real), np.median(shape.imag))
    neighbour = _nearest(clear.xy)
    scatter = min(float(np.median(np.abs(shape - other))) for other in (common, shape[neighbour]))
    trailing = (2 * abs(common) / (1 + abs(common))) ** 0.5
    return trailing, float(np.degrees(np.angle(common)) / 2), scatter


def _doubled(clear: StarList, stars: StarList) -> tuple[float, float]:
    """Share of the clear stars with a companion at one and the same offset, and how far that is (px)."""
    if len(clear) < LEAST_STARS:
        return float("nan"), float("nan")
    width_px = max(_median(clear.fwhm), 1.0)
    offset = stars.xy - clear.xy[:, None]
    star, _ = near = np.nonzero((np.abs(offset).max(axis=2) < COMPANION_REACH * width_px) & offset.any(axis=2))
    if len(star) == 0:
        return 0.0, 0.0
    star, step = np.concatenate([star, star]), np.concatenate([offset[near], -offset[near]])  # seen from either end
    alike = max((_commonest(step / (COMPANION_BOX * width_px) + shift) for shift in SHIFTS), key=np.count_nonzero)
    return len(np.unique(star[alike])) / len(clear), float(np.hypot(*np.median(step[alike], axis=0)))


def _commonest(boxes: DoubleArray) -> BoolArray:
    """Which points ``(n, 2)`` lie in the unit box that holds the most."""
    _, box, count = np.unique(np.floor(boxes), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(box.reshape(-1) == count.argmax())


def _nearest(xy: DoubleArray) -> npt.NDArray[np.intp]:
    """Index of each point's nearest other point."""
    distance = np.hypot(*(xy[:, None] - xy).T)
    np.fill_diagonal(distance, np.inf)
    nearest: npt.NDArray[np.intp] = distance.argmin(axis=1)
    return nearest


def _median(values: DoubleArray) -> float:
    return float(np.median(values)) if len(values) else float("nan")
