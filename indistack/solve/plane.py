"""A tangent plane through pairs of stars, and what makes a solution believable."""

from __future__ import annotations

import math

import numpy as np

from indistack.errors import SolveError
from indistack.fits_header import Wcs, project
from indistack.solve.base import FieldToSolve, Solution
from indistack.values.frame import DoubleArray

LEAST_PAIRS = 6
"""A plane has six parameters and every pair gives two numbers."""

CLIP_SIGMA = 3.5
PLANE_ROUNDS = 5
LEAST_SPREAD_PX = 0.1
"""Of the distances, per axis, at least."""

LARGEST_RMS_PX = 2.0
"""Catalogues tell where stars were long ago: 0.8 px at 1.5 arcsec/px was seen with Tycho-2."""

LARGEST_RMS_SHARE = 0.001
"""Of the diagonal, if that is more: wide lenses bend the field."""

SCALE_TOLERANCE = 0.2
"""How much the plate scale may differ from what the header says, relative."""

SQUARE_TOLERANCE = 0.05
"""How much the sides of a pixel on the sky may differ, and its angle from a right one (rad)."""

POINTING_TOLERANCE_DEG = 15.0
"""How far from its centre the telescope may say it points, where that was believed."""


def fit_plane(
    xy: DoubleArray, radec_deg: DoubleArray, rough: Wcs, centre_px: tuple[float, float]
) -> tuple[Wcs, float, int]:
    """Fit a tangent plane to pairs of stars; pairs that do not fit are left out.

    Parameters
    ----------
    xy, radec_deg : array
        ``(n, 2)`` pixels and RA and Dec (deg).
    rough : Wcs
        A first guess.
    centre_px : (float, float)
        Where the plane is to touch the sky.

    Returns
    -------
    tuple
        The plane, the root mean square distance of the pairs that were kept (px), and their number.

    Raises
    ------
    SolveError
        Too few pairs.
    """
    wcs, kept = rough, np.ones(len(xy), bool)
    for _ in range(PLANE_ROUNDS):
        if kept.sum() < LEAST_PAIRS:
            raise SolveError(f"only {kept.sum()} of our stars are in its catalogue, {LEAST_PAIRS} are needed")
        wcs = _touching(wcs, centre_px, xy[kept], radec_deg[kept])
        distance_px = np.hypot(*(wcs.to_pixel(radec_deg) - xy).T)
        spread_px = max(float(np.median(distance_px)) / np.sqrt(np.log(4)), LEAST_SPREAD_PX)  # Rayleigh's median
        before, kept = kept, distance_px < CLIP_SIGMA * spread_px
        if np.array_equal(kept, before):
            break
    return wcs, float(np.sqrt(np.mean(distance_px[kept] ** 2))), int(kept.sum())


def _touching(wcs: Wcs, centre_px: tuple[float, float], xy: DoubleArray, radec_deg: DoubleArray) -> Wcs:
    """Return the best plane that touches the sky at a pixel, near a rough one."""
    design = np.column_stack([xy - centre_px, np.ones(len(xy))])
    for _ in range(PLANE_ROUNDS):  # a plane that touches elsewhere is another plane, and near a pole a turned one
        ra_deg, dec_deg = (float(value) for value in wcs.to_sky(np.array([centre_px]))[0])
        plane = np.asarray(np.linalg.lstsq(design, project((ra_deg, dec_deg), radec_deg), rcond=None)[0], np.float64)
        x, y = centre_px - np.linalg.solve(plane[:2].T, plane[2])
        wcs = Wcs(ra_deg, dec_deg, (float(x), float(y)), plane[:2].T)
    return wcs


def require_believable(solution: Solution, field: FieldToSolve) -> None:
    """Raise `SolveError` for a solution that contradicts our stars, the header, or what a camera can see."""
    wcs = solution.wcs
    allowed_px = max(LARGEST_RMS_PX, LARGEST_RMS_SHARE * math.hypot(field.width, field.height))
    if solution.rms_px is not None and solution.rms_px > allowed_px:
        raise SolveError(f"the stars are {solution.rms_px:.1f} px from their places, {allowed_px:.1f} are allowed")
    if (bent := _bent(wcs.cd)) > SQUARE_TOLERANCE:
        raise SolveError(f"its pixels would be no squares on the sky, by {100 * bent:.0f} %")
    said = field.scale_arcsec_px
    if said is not None and abs(wcs.scale_arcsec_px / said - 1) > SCALE_TOLERANCE:
        raise SolveError(f"its plate scale is {wcs.scale_arcsec_px:.3f} arcsec/px, the header's {said:.3f}")
    if field.centre_deg is not None:
        away_deg = _separation_deg((wcs.ra_deg, wcs.dec_deg), field.centre_deg)
        if away_deg > POINTING_TOLERANCE_DEG:
            raise SolveError(f"it is {away_deg:.0f} deg from where the telescope says it points")


def _separation_deg(one_deg: tuple[float, float], other_deg: tuple[float, float]) -> float:
    """Return the angle between two places on the sky, however far apart."""
    a, b = _direction(*one_deg), _direction(*other_deg)
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)))


def _direction(ra_deg: float, dec_deg: float) -> DoubleArray:
    ra, dec = np.radians((ra_deg, dec_deg))
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _bent(cd: DoubleArray) -> float:
    """How far from a square: the difference of the sides, or the cosine of their angle, whichever is larger."""
    along, across = cd.T
    sides = np.hypot(*along), np.hypot(*across)
    return float(max(abs(sides[0] / sides[1] - 1), abs(along @ across) / (sides[0] * sides[1])))
